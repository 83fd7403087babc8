import type { MessageActions, RoomActions } from "../api";
import { Problem } from "../errors";
import { mentionsLoaded } from "../reduce/mentions";
import { put } from "../reduce/records";
import { removeMessage, replaceMessage } from "../reduce/windows";
import { at } from "../rest";
import { shownSegment } from "../selectors";
import type { RoomState } from "../state";
import type { Id, Message } from "../wire";
import type { Parts } from "./parts";

/** Messages asked for at a time. */
const mentionsPage = 30;

/** Rooms on the screen and what is written in them. */
export function roomActions({ loader, reads, writing }: Parts): RoomActions {
  return {
    openRoom: (channelId) => loader.open(channelId),
    leaveRoom: (channelId) => loader.leave(channelId),
    reportBottom: (channelId, atBottom) => reads.bottom(channelId, atBottom),
    loadOlder: (channelId) => loader.older(channelId),
    loadNewer: (channelId) => loader.newer(channelId),
    jumpTo: (channelId, messageId) => loader.jump(channelId, messageId),
    jumpToPresent: (channelId) => loader.present(channelId),
    markRead: (channelId) => reads.markRoom(channelId),
    markServerRead: (serverId) => reads.markServer(serverId),
    typing: (channelId) => writing.key(channelId),
    setDraft: (channelId, text) => writing.draft(channelId, text),
  };
}

export function messageActions({ store, rest, outbox, writing, loader }: Parts): Omit<MessageActions, "loadMentions"> {
  const change = (channelId: Id, body: (room: RoomState) => RoomState) =>
    store.setState(({ rooms }) => {
      const room = rooms[channelId];
      return { rooms: room ? put(rooms, channelId, body(room)) : rooms };
    });
  const held = (channelId: Id, messageId: Id) => store.getState().rooms[channelId]?.messages[messageId];

  return {
    send(channelId, content, replyTo = null) {
      writing.sent(channelId);
      if (shownSegment(store.getState().rooms[channelId])?.hasNewer) void loader.present(channelId);
      return outbox.add(channelId, content, replyTo);
    },
    retry: (channelId, nonce) => outbox.retry(channelId, nonce),
    discard: (channelId, nonce) => outbox.discard(channelId, nonce),
    async edit(channelId, messageId, content) {
      const old = held(channelId, messageId);
      const shown = old ? { ...old, content, edited_timestamp: new Date().toISOString() } : null;
      if (shown) change(channelId, (room) => replaceMessage(room, shown));
      try {
        const message = await rest.ask<Message>("PATCH", at`/messages/${messageId}`, { body: { content } });
        change(channelId, (room) => replaceMessage(room, message));
      } catch (error) {
        // Something newer than our guess is the truth already.
        if (old && held(channelId, messageId) === shown) change(channelId, (room) => replaceMessage(room, old));
        throw error;
      }
    },
    async remove(channelId, messageId) {
      try {
        await rest.ask("DELETE", at`/messages/${messageId}`);
      } catch (error) {
        if (!(error instanceof Problem && error.code === "message.not_found")) throw error;
      }
      change(channelId, (room) => removeMessage(room, messageId));
    },
    async message(channelId, messageId) {
      return held(channelId, messageId) ?? rest.get<Message>(at`/channels/${channelId}/messages/${messageId}`);
    },
  };
}

export function mentionActions({ store, rest }: Parts): Pick<MessageActions, "loadMentions"> {
  return {
    async loadMentions(older) {
      const before = older ? store.getState().mentions?.messages.at(-1)?.id : undefined;
      const page = await rest.get<Message[]>("/users/@me/mentions", { limit: mentionsPage, before });
      store.setState(({ mentions }) => ({ mentions: mentionsLoaded(mentions, page, page.length === mentionsPage, before !== undefined) }));
    },
  };
}
