import { cloneElement, type MouseEvent, type ReactElement } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { User } from "@/client";

export interface PersonPlace {
  serverId: string;
  userId: string;
}

/** What the control knows of them: an author of long ago may be in no list. */
type Known = Pick<User, "display_name" | "username" | "avatar" | "kind">;

/** Whose card is open, and beside what. All people share one card; it comes with its own chunk. */
export const personCard = createStore<{ open: (PersonPlace & { anchor: HTMLElement; known?: Known | null }) | null }>(() => ({ open: null }));

export function closePersonCard(): void {
  personCard.setState({ open: null });
}

/** Makes a control open the card of one person. */
export function PersonTrigger({ serverId, userId, known = null, children }: PersonPlace & { known?: Known | null; children: ReactElement }) {
  const open = useStore(personCard, ({ open: now }) => now?.userId === userId && now.serverId === serverId);
  const toggle = (event: MouseEvent<HTMLElement>) => {
    const anchor = event.currentTarget;
    const mine = personCard.getState().open?.anchor === anchor;
    personCard.setState({ open: mine ? null : { serverId, userId, anchor, known } });
  };
  return cloneElement(children as ReactElement<object>, { "aria-haspopup": "dialog", "data-popup-open": open ? "" : undefined, onClick: toggle } as object);
}
