import { rosterOf, type InstanceState } from "@/client";

/** Voice rooms of one instance with people in them, fullest first. */
export function litPlaces(state: InstanceState): string[] {
  return Object.values(state.channels)
    .filter((room) => room.type === "voice" && rosterOf(state, room.id).length > 0)
    .toSorted((a, b) => rosterOf(state, b.id).length - rosterOf(state, a.id).length || a.position - b.position)
    .map((room) => room.id);
}
