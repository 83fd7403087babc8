import { Trans } from "@lingui/react/macro";
import { Suspense, useEffect, useState } from "react";
import { Redirect, useRoute } from "wouter";
import { useStore } from "zustand";
import type { Client } from "@/client";
import { InstanceScope, useCall, useClient, useHub, useInstance } from "./client";
import { LiveRegions } from "./LiveRegions";
import { NARROW, useMedia } from "./media";
import { paths } from "./paths";
import { useShortcuts } from "./shortcuts";
import { deleting } from "@/features/chat/deleting";
import { wantRenderer } from "@/features/chat/markdown";
import { personCard } from "@/features/people/PersonTrigger";
import { RoomView } from "@/features/rooms/RoomView";
import { closeRoomDialog, roomDialog } from "@/features/rooms/roomDialogs";
import { Tree } from "@/features/rooms/Tree";
import { roomsInOrder } from "@/features/rooms/TreeModel";
import { Rail } from "@/features/servers/Rail";
import { rememberPlace } from "@/features/switcher/recent";
import { rememberedRoom, rememberRoom } from "@/features/servers/lastRoom";
import { bringSoon, soon } from "@/ui/soon";

const Home = soon(() => import("@/features/home/Home"));
const HomeTree = soon(() => import("@/features/home/HomeTree"));
const CallAnnouncements = soon(() => import("@/features/voice/CallAnnouncements"));
const RoomDialogs = soon(() => import("@/features/rooms/RoomDialogs"));
const DeleteMessage = soon(() => import("@/features/chat/DeleteMessage"));
const PersonCard = soon(() => import("@/features/people/PersonCard"));

/** What is opened is still loading: on a slow machine there are idle moments before the first paint. */
const loading = () => document.querySelector('[aria-busy="true"]') !== null;

/** Brings what is likely to be wanted next while nothing else happens. */
function warmUp(client: Client, looks = 50): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 2000));
  idle(() => {
    if (looks > 0 && loading()) return void setTimeout(() => warmUp(client, looks - 1), 100);
    client.warmCall();
    wantRenderer();
    void import("./updates").then(({ keepClient }) => keepClient(client)).catch(() => undefined); // only kept where the browser lets us
    void bringSoon();
  });
}

/** The house: rail, rooms, and what is open. Below 720 px one pane at a time. */
export function Shell() {
  const [inServer, server] = useRoute("/s/:server/:room?");
  const serverId = inServer ? server.server : null;
  const roomId = (inServer && server.room) || null;
  const [listing] = useRoute(paths.mentions);
  const narrow = useMedia(NARROW);
  const { origin } = useInstance();
  useShortcuts(serverId, roomId);
  useEffect(() => {
    if (!serverId || !roomId) return;
    rememberRoom(serverId, roomId);
    rememberPlace(`${origin} ${roomId}`);
  }, [origin, serverId, roomId]);
  return (
    <div className="shell" data-pane={roomId || listing ? "main" : "tree"}>
      <a className="skip" href="#main"><Trans>Skip to the conversation</Trans></a>
      <Rail current={serverId} />
      {serverId ? <Tree serverId={serverId} roomId={roomId} /> : <Suspense fallback={<div className="tree" />}><HomeTree alone={!listing} /></Suspense>}
      {!serverId && (listing || !narrow) && <Suspense fallback={<div className="sheet" />}><Home /></Suspense>}
      {serverId && roomId && <RoomView serverId={serverId} roomId={roomId} />}
      {serverId && !roomId && !narrow && <FirstRoom serverId={serverId} />}
      <LiveRegions />
      <Attached serverId={serverId} />
    </div>
  );
}

/** A server was opened without a room: the one seen last, or the first. */
function FirstRoom({ serverId }: { serverId: string }) {
  const target = useHub((state) => {
    const order = roomsInOrder(state.trees[serverId] ?? [], state.channels);
    const remembered = rememberedRoom(serverId);
    return remembered && order.includes(remembered) ? remembered : (order.find((id) => state.channels[id]?.type === "text") ?? order[0] ?? null);
  });
  if (target) return <Redirect to={paths.room(serverId, target)} replace />;
  return <RoomView serverId={serverId} roomId={null} />;
}

function Attached({ serverId }: { serverId: string | null }) {
  const dialog = useStore(roomDialog, (state) => state.open);
  const deleteAsked = useStore(deleting, (state) => state.message !== null);
  const cardOpen = useStore(personCard, (state) => state.open !== null);
  const place = useCall((state) => state.place);
  const client = useClient();
  const [cardWanted, wantCard] = useState(false);
  if (cardOpen && !cardWanted) wantCard(true); // from then on it stays, so that what it asks next (put out?) outlives it
  useEffect(() => warmUp(client), [client]);
  return (
    <Suspense>
      {serverId && dialog && <RoomDialogs serverId={serverId} dialog={dialog} onClose={closeRoomDialog} />}
      {cardWanted && <PersonCard />}
      {deleteAsked && <DeleteMessage />}
      {place && (
        <InstanceScope origin={place.origin}>
          <CallAnnouncements key={place.channelId} room={place.channelId} />
        </InstanceScope>
      )}
    </Suspense>
  );
}
