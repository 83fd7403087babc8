/** What actions work with: the pieces of one instance that instance.ts puts together. */

import type { StoreApi } from "zustand/vanilla";

import type { MemberList } from "../members";
import type { Rest } from "../rest";
import type { RoomLoader } from "../rooms/loader";
import type { Outbox } from "../rooms/outbox";
import type { ReadMarks } from "../rooms/reads";
import type { Writing } from "../rooms/writing";
import type { InstanceState } from "../state";
import type { Presence, Tokens } from "../wire";

export interface AccountKeeper {
  /** What this device calls itself in the list of sessions. */
  readonly device: string;
  signedIn(tokens: Tokens): Promise<void>;
  signedOut(reason: "revoked" | "expired" | null): Promise<void>;
  /** New tokens of the same session. */
  keep(tokens: Tokens): void;
  setPresence(presence: Omit<Presence, "user_id">): void;
}

export interface Parts {
  readonly store: StoreApi<InstanceState>;
  readonly rest: Rest;
  readonly loader: RoomLoader;
  readonly outbox: Outbox;
  readonly reads: ReadMarks;
  readonly members: MemberList;
  readonly writing: Writing;
  readonly account: AccountKeeper;
  later(milliseconds: number, body: () => void): () => void;
}
