import type { AccountActions } from "../api";
import { at } from "../rest";
import type { LoginSession, Me, Tokens, User } from "../wire";
import type { Parts } from "./parts";

/** Signing in and out, the profile, sessions. */
export function accountActions(parts: Parts): AccountActions {
  const { rest, store, account } = parts;
  const enter = async (path: string, body: unknown): Promise<Me> => {
    const tokens = await rest.ask<Tokens>("POST", path, { body, open: true });
    await account.signedIn(tokens);
    return tokens.user;
  };
  return {
    register: (form) => enter("/auth/register", { device: account.device, ...form }),
    login: (form) => enter("/auth/login", { device: account.device, ...form }),
    async logout() {
      // The instance need not hear of it for this device to forget: the session ends there by itself after a week.
      const told = rest.ask("POST", "/auth/logout").catch(() => undefined);
      await Promise.race([told, new Promise((resolve) => parts.later(1_500, () => resolve(undefined)))]);
      await account.signedOut(null);
    },
    async changePassword(current, next) {
      account.keep(await rest.ask<Tokens>("POST", "/auth/password", { body: { current, new: next } }));
    },
    async updateMe(change) {
      const me = await rest.ask<Me>("PATCH", "/users/@me", { body: change });
      store.setState({ me });
      return me;
    },
    sessions: () => rest.get<LoginSession[]>("/auth/sessions"),
    endSession: (id) => rest.ask("DELETE", at`/auth/sessions/${id}`),
    setPresence: (status, customStatus = null) => account.setPresence({ status, custom_status: customStatus }),
    async user(id) {
      const user = await rest.get<User>(at`/users/${id}`);
      store.setState(({ users }) => ({ users: { ...users, [id]: user } }));
      return user;
    },
  };
}
