import { useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/Field";
import { Select } from "@/ui/Select";
import { homesFor } from "./TreeModel";

const TOP = "top";

/** The way to move a room without dragging it. */
export function MoveRoom({ roomId, onClose }: { roomId: string; onClose: () => void }) {
  const { t } = useLingui();
  const { moveChannel } = useActions();
  const channels = useHub((state) => state.channels);
  const room = channels[roomId];
  const tree = useHub((state) => state.trees[room?.server_id ?? ""]) ?? [];
  const act = useAct();
  const [home, setHome] = useState(room?.parent_id ?? TOP);
  const homes = homesFor(tree, roomId).map(({ id, depth }) => ({ value: id, label: `${"\u2003".repeat(depth)}${channels[id]?.name ?? ""}` }));

  function submit(event: FormEvent) {
    event.preventDefault();
    const parent = home === TOP ? null : home;
    const inside = parent ? childrenOf(tree, parent) : tree.length;
    void act.run(async () => {
      await moveChannel(roomId, parent, parent === room?.parent_id ? inside - 1 : inside);
      onClose();
    });
  }

  return (
    <Dialog open title={t`Move ${room?.name ?? ""}`} lead={t`It goes to the end of its new place; Move up and Move down do the rest.`} closeLabel={t`Close`} onClose={onClose}>
      {act.words && <FormError>{act.words}</FormError>}
      <form onSubmit={submit}>
        <Select label={t`New place`} value={home} onValue={setHome} options={[{ value: TOP, label: t`At the top, in no other room` }, ...homes]} />
        <div className="dialog-foot">
          <Button kind="ghost" onClick={onClose}>{t`Cancel`}</Button>
          <Button kind="primary" type="submit" busy={act.busy}>{t`Move it`}</Button>
        </div>
      </form>
    </Dialog>
  );
}

type Node = { id: string; children: readonly Node[] };

function childrenOf(nodes: readonly Node[], id: string): number {
  for (const node of nodes) {
    if (node.id === id) return node.children.length;
    const below = childrenOf(node.children, id);
    if (below) return below;
  }
  return 0;
}
