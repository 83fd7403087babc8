import { Popover } from "@base-ui/react/popover";
import type { ReactElement } from "react";

export interface PersonPlace {
  serverId: string;
  userId: string;
}

/** All people share one card; this is the handle that opens it for one of them. */
export const personCard = Popover.createHandle<PersonPlace>();

export function PersonTrigger({ serverId, userId, children }: PersonPlace & { children: ReactElement }) {
  return <Popover.Trigger handle={personCard} payload={{ serverId, userId }} render={children} />;
}
