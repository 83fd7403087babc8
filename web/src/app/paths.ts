/** Addresses of the pages, in one place. */
export const paths = {
  home: "/",
  login: "/login",
  register: "/register",
  setup: "/setup",
  server: (server: string) => `/s/${server}`,
  room: (server: string, room: string) => `/s/${server}/${room}`,
  settings: (page = "profile") => `/settings/${page}`,
  manage: (server: string, page = "overview") => `/manage/${server}/${page}`,
  invite: (token: string) => `/invite/${token}`,
};
