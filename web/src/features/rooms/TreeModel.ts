import type { Channel, ChannelNode } from "@/client";

type Types = Readonly<Record<string, Pick<Channel, "type">>>;

/** Loose rooms stand before categories: below a category's heading they would look as if they were in it. */
export function arranged(nodes: readonly ChannelNode[], channels: Types): readonly ChannelNode[] {
  return nodes.toSorted((a, b) => Number(isCategory(a.id, channels)) - Number(isCategory(b.id, channels)));
}

function isCategory(id: string, channels: Types): boolean {
  return channels[id]?.type === "category";
}

/** The rooms you can open, from top to bottom, for "room above" and "room below". Folded ones are not skipped. */
export function roomsInOrder(tree: readonly ChannelNode[], channels: Types): string[] {
  return arranged(tree, channels).flatMap((node) => [...(isCategory(node.id, channels) ? [] : [node.id]), ...roomsInOrder(node.children, channels)]);
}

/** Steps from `current` to the next room for which `wanted` holds; wraps at the ends. */
export function roomBeside(order: readonly string[], current: string | undefined, step: 1 | -1, wanted: (id: string) => boolean = () => true): string | undefined {
  const start = current ? order.indexOf(current) : step === 1 ? -1 : 0;
  for (let distance = 1; distance <= order.length; distance++) {
    const at = (((start + step * distance) % order.length) + order.length) % order.length;
    const id = order[at];
    if (id !== undefined && id !== current && wanted(id)) return id;
  }
  return undefined;
}

/** Where a room may be moved to: anything but itself and what hangs below it. */
export function homesFor(tree: readonly ChannelNode[], moving: string): { id: string; depth: number }[] {
  const walk = (nodes: readonly ChannelNode[], depth: number): { id: string; depth: number }[] =>
    nodes.flatMap((node) => (node.id === moving ? [] : [{ id: node.id, depth }, ...walk(node.children, depth + 1)]));
  return walk(tree, 0);
}

/** The siblings of a room, itself among them; where "Move up" and "Move down" count. */
export function siblingsOf(tree: readonly ChannelNode[], id: string): string[] {
  const here = tree.map((node) => node.id);
  if (here.includes(id)) return here;
  for (const node of tree) {
    const found = siblingsOf(node.children, id);
    if (found.length) return found;
  }
  return [];
}

/** A busy room folds its people: the first seven and "+12". */
export function peopleShown<Person>(people: readonly Person[], expanded: boolean): { shown: readonly Person[]; more: number } {
  if (expanded || people.length <= 8) return { shown: people, more: 0 };
  return { shown: people.slice(0, 7), more: people.length - 7 };
}
