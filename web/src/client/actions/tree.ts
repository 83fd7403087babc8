import type { StoreApi } from "zustand/vanilla";

import type { TreeActions } from "../api";
import { serverCreated, serverDeleted, withChannel } from "../reduce/places";
import { compareIds } from "../ids";
import { at } from "../rest";
import type { InstanceState } from "../state";
import type { Channel, Id, Overwrite, Server, ServerSummary } from "../wire";
import type { Parts } from "./parts";

/** Servers and their rooms. Answers are put into the state at once; the events that follow say the same. */
export function treeActions(parts: Parts): TreeActions {
  return { ...channelActions(parts), ...serverActions(parts) };
}

type ServerVerbs = "createServer" | "updateServer" | "deleteServer" | "leaveServer";

function channelActions({ store, rest }: Parts): Omit<TreeActions, ServerVerbs> {
  const changed = async (channelId: Id, body: unknown): Promise<Channel> => {
    const channel = await rest.ask<Channel>("PATCH", at`/channels/${channelId}`, { body });
    store.setState((state) => withChannel(state, channel));
    return channel;
  };
  return {
    async createChannel(serverId, form) {
      const channel = await rest.ask<Channel>("POST", at`/servers/${serverId}/channels`, { body: form });
      store.setState((state) => (state.channels[channel.id] ? state : withChannel(state, channel)));
      return channel;
    },
    updateChannel: changed,
    async moveChannel(channelId, parentId, position) {
      const undo = moved(store, channelId, parentId, position);
      try {
        await changed(channelId, { parent_id: parentId, position });
      } catch (error) {
        undo();
        throw error;
      }
    },
    deleteChannel: (channelId) => rest.ask("DELETE", at`/channels/${channelId}`),
    overwrites: (channelId) => rest.get<Overwrite[]>(at`/channels/${channelId}/permissions`),
    putOverwrite: (channelId, targetId, entry) => rest.ask<Overwrite>("PUT", at`/channels/${channelId}/permissions/${targetId}`, { body: entry }),
    deleteOverwrite: (channelId, targetId) => rest.ask("DELETE", at`/channels/${channelId}/permissions/${targetId}`),
  };
}

function serverActions({ store, rest }: Parts): Pick<TreeActions, ServerVerbs> {
  const gone = (serverId: Id, reason: "deleted" | "left") => store.setState((state) => serverDeleted(state, { server_id: serverId, reason }));
  return {
    async createServer(form) {
      const server = await rest.ask<Server>("POST", "/servers", { body: form });
      store.setState((state) => (state.servers[server.id] ? state : serverCreated(state, { server })));
      return server;
    },
    updateServer: (serverId, change) => rest.ask<ServerSummary>("PATCH", at`/servers/${serverId}`, { body: change }),
    async deleteServer(serverId) {
      await rest.ask("DELETE", at`/servers/${serverId}`);
      gone(serverId, "deleted");
    },
    async leaveServer(serverId) {
      await rest.ask("DELETE", at`/servers/${serverId}/members/@me`);
      gone(serverId, "left");
    },
  };
}

/** Shows a room at its new place; the returned function puts back what nobody changed since. */
function moved(store: StoreApi<InstanceState>, channelId: Id, parentId: Id | null, position: number): () => void {
  const { channels } = store.getState();
  const channel = channels[channelId];
  if (!channel) return () => undefined;
  const siblings = Object.values(channels)
    .filter((other) => other.server_id === channel.server_id && other.parent_id === parentId && other.id !== channelId)
    .toSorted((a, b) => a.position - b.position || compareIds(a.id, b.id));
  const order = siblings.toSpliced(position, 0, { ...channel, parent_id: parentId });
  const shown = order.map((other, index) => ({ ...other, position: index }));
  store.setState((state) => shown.reduce(withChannel, state));
  return () =>
    store.setState((state) => {
      const untouched = shown.filter((now) => state.channels[now.id] === now);
      return untouched.flatMap(({ id }) => channels[id] ?? []).reduce(withChannel, state);
    });
}
