import type { PeopleActions } from "../api";
import { serverCreated } from "../reduce/places";
import { at } from "../rest";
import type { Invite, InvitePreview, Member, Role, Server, VoiceState } from "../wire";
import type { Parts } from "./parts";

/** Members, roles, invites, moderation. Their effects arrive as events. */
export function peopleActions({ store, rest, members }: Parts): PeopleActions {
  return {
    showMembers: (serverId, first, last) => members.show(serverId, first, last),
    findMembers: (serverId, query) => members.find(serverId, query),
    updateMember: (serverId, userId, change) => rest.ask<Member>("PATCH", at`/servers/${serverId}/members/${userId}`, { body: change }),
    kick: (serverId, userId) => rest.ask("DELETE", at`/servers/${serverId}/members/${userId}`),
    createRole: (serverId, form) => rest.ask<Role>("POST", at`/servers/${serverId}/roles`, { body: form }),
    updateRole: (serverId, roleId, change) => rest.ask<Role>("PATCH", at`/servers/${serverId}/roles/${roleId}`, { body: change }),
    deleteRole: (serverId, roleId) => rest.ask("DELETE", at`/servers/${serverId}/roles/${roleId}`),
    invites: (serverId) => rest.get<Invite[]>(at`/servers/${serverId}/invites`),
    createInvite: (serverId, form) => rest.ask<Invite>("POST", at`/servers/${serverId}/invites`, { body: form }),
    revokeInvite: (token) => rest.ask("DELETE", at`/invites/${token}`),
    previewInvite: (token) => rest.ask<InvitePreview>("GET", at`/invites/${token}`, { open: true }),
    async acceptInvite(token) {
      const server = await rest.ask<Server>("POST", at`/invites/${token}`);
      store.setState((state) => (state.servers[server.id] ? state : serverCreated(state, { server })));
      return server.id;
    },
    moderateVoice: (serverId, userId, change) => rest.ask<VoiceState>("PATCH", at`/servers/${serverId}/voice/${userId}`, { body: change }),
  };
}
