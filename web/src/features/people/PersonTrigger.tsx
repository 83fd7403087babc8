import { cloneElement, type MouseEvent, type ReactElement } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";

export interface PersonPlace {
  serverId: string;
  userId: string;
}

/** Whose card is open, and beside what. All people share one card; it comes with its own chunk. */
export const personCard = createStore<{ open: (PersonPlace & { anchor: HTMLElement }) | null }>(() => ({ open: null }));

export function closePersonCard(): void {
  personCard.setState({ open: null });
}

/** Makes a control open the card of one person. */
export function PersonTrigger({ serverId, userId, children }: PersonPlace & { children: ReactElement }) {
  const open = useStore(personCard, ({ open: now }) => now?.userId === userId && now.serverId === serverId);
  const toggle = (event: MouseEvent<HTMLElement>) => {
    const anchor = event.currentTarget;
    const mine = personCard.getState().open?.anchor === anchor;
    personCard.setState({ open: mine ? null : { serverId, userId, anchor } });
  };
  return cloneElement(children as ReactElement<object>, { "aria-haspopup": "dialog", "data-popup-open": open ? "" : undefined, onClick: toggle } as object);
}
