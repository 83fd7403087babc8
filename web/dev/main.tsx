import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import type { InstanceState } from "../src/client";
import { App } from "../src/app/App";
import { appearance, followAppearance } from "../src/app/appearance";
import { preferredLanguage, speak } from "../src/app/i18n";
import { fakeClient } from "./fakes";
import "../src/styles/index.css";

/** dev/?at=/s/1/22&theme=dark&state=offline draws one page from fixtures, to be held beside the reference pictures. */
const query = new URLSearchParams(window.location.search);

const STATES: Record<string, (state: InstanceState) => InstanceState> = {
  offline: (state) => ({
    ...state,
    link: { ...state.link, phase: "waiting", lostAt: Date.now() - 5000 },
    outbox: {
      "22": [
        { nonce: "a", channelId: "22", content: "On it. Downloading now, will report from both machines.", replyTo: null, createdAt: Date.now() - 5000, phase: "queued", problem: null },
        { nonce: "b", channelId: "22", content: "Is the black horizon only on the older driver?", replyTo: null, createdAt: Date.now() - 4000, phase: "failed", problem: { code: "voice.muted", detail: "you were muted here until 16:50." } },
      ],
    },
  }),
  loading: (state) => ({ ...state, rooms: { ...state.rooms, "22": { ...state.rooms["22"]!, segments: [] , loading: { older: false, newer: false, view: true } } } }),
  older: (state) => ({ ...state, visit: null, rooms: { ...state.rooms, "22": { ...state.rooms["22"]!, segments: [{ ...state.rooms["22"]!.segments[0]!, hasOlder: true }] } } }),
  out: (state) => ({ ...state, me: null, account: { phase: "signed-out", reason: null } }),
  setup: (state) => ({ ...state, me: null, account: { phase: "signed-out", reason: null }, info: { ...state.info!, setup_needed: true } }),
  empty: (state) => ({ ...state, serverOrder: [], servers: {}, channels: {}, voiceStates: {} }),
};

appearance.setState({ theme: (query.get("theme") ?? "system") as "dark", density: (query.get("density") ?? "cosy") as "cosy", contrast: (query.get("contrast") ?? "system") as "more" });
followAppearance(document.documentElement);
await document.fonts.load("400 1rem \"Inter Variable\"");
await speak((query.get("lang") as "de") ?? preferredLanguage());
if (query.get("dir")) document.documentElement.dir = query.get("dir")!;

const client = fakeClient(STATES[query.get("state") ?? ""] ?? ((state) => state), query.has("nocall") ? { place: null, phase: "idle" } : {});
Object.assign(window, { client });
const { hook, searchHook } = memoryLocation({ path: query.get("at") ?? "/" });
createRoot(document.getElementById("root")!).render(
  <Router hook={hook} searchHook={searchHook}>
    <App client={client} nonce={undefined} />
  </Router>,
);
