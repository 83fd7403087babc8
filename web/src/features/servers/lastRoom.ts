import { paths } from "@/app/paths";
import { NARROW } from "@/app/media";

const key = (server: string) => `hubbub.room.${server}`;

export function rememberRoom(server: string, room: string): void {
  localStorage.setItem(key(server), room);
}

export function rememberedRoom(server: string): string | null {
  return localStorage.getItem(key(server));
}

/** Where a click on a server leads: to the room seen last, or to its rooms where only one pane fits. */
export function lastRoomOf(server: string): string {
  const room = window.matchMedia(NARROW).matches ? null : rememberedRoom(server);
  return room ? paths.room(server, room) : paths.server(server);
}
