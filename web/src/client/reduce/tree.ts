/** The nested order of a server's rooms. */

import { compareIds } from "../ids";
import type { ChannelNode } from "../state";
import type { Channel, Id } from "../wire";

/** A room whose parent you may not see stands at the root; a parent that is its own descendant cannot come from the server. */
export function treeOf(channels: readonly Channel[]): readonly ChannelNode[] {
  const known = new Set(channels.map(({ id }) => id));
  const children = Map.groupBy(channels, ({ parent_id }) => (parent_id !== null && known.has(parent_id) ? parent_id : ""));
  const under = (parent: Id): readonly ChannelNode[] =>
    (children.get(parent) ?? []).toSorted((a, b) => a.position - b.position || compareIds(a.id, b.id)).map(({ id }) => ({ id, children: under(id) }));
  return under("");
}

/** Rooms in the order that they are shown, parents before children. */
export function flatten(nodes: readonly ChannelNode[]): readonly Id[] {
  return nodes.flatMap((node) => [node.id, ...flatten(node.children)]);
}

export function samePlaces(a: Channel, b: Channel): boolean {
  return a.parent_id === b.parent_id && a.position === b.position && a.server_id === b.server_id;
}
