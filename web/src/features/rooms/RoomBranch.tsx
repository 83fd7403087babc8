import { useLingui } from "@lingui/react/macro";
import { ChevronDown, Plus } from "lucide-react";
import { Suspense, useState, type KeyboardEvent } from "react";
import { useStore } from "zustand";
import { canInRoom, isUnread, mentionCount, rosterOf, type ChannelNode } from "@/client";
import { useHub, useHubShallow } from "@/app/client";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { soon } from "@/ui/soon";
import { folds, setFolded } from "./folds";
import { openRoomDialog } from "./roomDialogs";
import { RoomMenu } from "./RoomMenu";
import { RoomRow } from "./RoomRow";
import { arranged, peopleShown } from "./TreeModel";

/** Who is in a voice room is never kept, so the first paint shows nobody. */
const PersonRow = soon(() => import("./PersonRow"));

export function RoomBranch({ nodes, roomId, top = false, underSection = false }: { nodes: readonly ChannelNode[]; roomId: string | null; top?: boolean; underSection?: boolean }) {
  const channels = useHub((state) => state.channels);
  const list = top ? arranged(nodes, channels) : nodes;
  return (
    <ul className={`tree-list ${underSection ? "under-sec" : ""}`}>
      {list.map((node) =>
        channels[node.id]?.type === "category" ? (
          <Section key={node.id} node={node} roomId={roomId} />
        ) : (
          <Room key={node.id} node={node} roomId={roomId} />
        ),
      )}
    </ul>
  );
}

/** A category: folds what is below it, except for the room you are in and rooms with something unread. */
function Section({ node, roomId }: { node: ChannelNode; roomId: string | null }) {
  const { t } = useLingui();
  const name = useHub((state) => state.channels[node.id]?.name ?? "");
  const mayBuild = useHub((state) => canInRoom(state, node.id, "MANAGE_CHANNELS"));
  const folded = useStore(folds, (state) => state[node.id] === true);
  const [menu, setMenu] = useState(false);
  const kept = useHubShallow((state) => (folded ? node.children.filter(({ id }) => id === roomId || isUnread(state, id) || mentionCount(state, id) > 0 || rosterOf(state, id).length > 0) : null));
  const shown = kept ?? node.children;

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    setFolded(node.id, event.key === "ArrowLeft");
    event.preventDefault();
  }

  return (
    <li>
      <div
        className="sec room-row"
        onContextMenu={(event) => {
          if (!mayBuild) return;
          event.preventDefault();
          setMenu(true);
        }}
      >
        <h2 className="t">
          <button type="button" className="fold" aria-expanded={!folded} data-roving={name} tabIndex={-1} onClick={() => setFolded(node.id, !folded)} onKeyDown={onKeyDown}>
            <Icon of={ChevronDown} />
            <span className="t">{name}</span>
          </button>
        </h2>
        {mayBuild && (
          <>
            <span className="row-tools in-line">
              <RoomMenu roomId={node.id} open={menu} onOpenChange={setMenu} />
            </span>
            <IconButton icon={Plus} label={t`New room in ${name}`} small tabIndex={-1} onClick={() => openRoomDialog({ kind: "create", parentId: node.id })} />
          </>
        )}
      </div>
      {shown.length > 0 && <RoomBranch nodes={shown} roomId={roomId} underSection />}
    </li>
  );
}

function Room({ node, roomId }: { node: ChannelNode; roomId: string | null }) {
  const roster = useHubShallow((state) => rosterOf(state, node.id));
  const [expanded, expand] = useState(false);
  // A share is worth a look: its owner stands first. Otherwise as they came, so nobody jumps.
  const { shown, more } = peopleShown(roster.toSorted((a, b) => Number(b.self_stream) - Number(a.self_stream)), expanded);
  return (
    <li className="room">
      <div className={roster.length ? "lit-room" : ""}>
        <RoomRow roomId={node.id} current={node.id === roomId} people={roster.length} />
        {roster.length > 0 && (
          <ul>
            {shown.map((voice) => (
              <li key={voice.user_id}><Suspense fallback={<div className="occ" />}><PersonRow voice={voice} /></Suspense></li>
            ))}
            {more > 0 && (
              <li>
                <button type="button" className="occ" data-roving="" tabIndex={-1} onClick={() => expand(true)}>+{more}</button>
              </li>
            )}
          </ul>
        )}
      </div>
      {node.children.length > 0 && <RoomBranch nodes={node.children} roomId={roomId} />}
    </li>
  );
}
