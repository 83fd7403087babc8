/** A client that answers from fixtures. Enough to draw every page; nothing leaves the browser. */
import { createStore } from "zustand/vanilla";
import { Problem, type Actions, type Call, type CallState, type Client, type InstanceClient, type InstanceState, type VoiceSettings } from "../src/client";
import { bay, ME, olderMessages } from "./bay";

const quiet = () => undefined;
const done = () => Promise.resolve() as Promise<never>;

export function fakeClient(change: (state: InstanceState) => InstanceState, callChange: Partial<CallState> = {}): Client {
  const origin = window.location.origin;
  const store = createStore<InstanceState>(() => change(bay(origin)));
  const actions = new Proxy(ownActions(store), { get: (target, name) => Reflect.get(target, name) ?? (String(name).match(/^(open|leave|report|show|typing|mark|set)/) ? quiet : done) }) as Actions;
  const home: InstanceClient = { origin, store, actions, describe: () => Promise.resolve(store.getState().info!), reconnectNow: quiet };
  const states = createStore<readonly InstanceState[]>(() => [store.getState()]);
  store.subscribe((state) => states.setState([state], true));
  return { states, directory: createStore(() => ({ origins: [origin] })), home, instance: () => home, add: () => Promise.resolve(home), remove: quiet, call: fakeCall(origin, callChange), warmCall: quiet, dispose: quiet };
}

function ownActions(store: InstanceClient["store"]): Partial<Actions> {
  return {
    setDraft: (room, text) => store.setState((state) => ({ drafts: { ...state.drafts, [room]: text } })),
    send: (room, content, replyTo = null) => {
      const nonce = crypto.randomUUID();
      const pending = { nonce, channelId: room, content, replyTo, createdAt: Date.now(), phase: "sending" as const, problem: null };
      store.setState((state) => ({ outbox: { ...state.outbox, [room]: [...(state.outbox[room] ?? []), pending] } }));
      return nonce;
    },
    loadOlder: async (room) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      store.setState((state) => {
        const held = state.rooms[room]!;
        const segment = held.segments[0]!;
        const first = Number(segment.ids[0] ?? 5000);
        const older = olderMessages(50, Math.min(first, 5000));
        const ids = older.map(({ id }) => id);
        return { rooms: { ...state.rooms, [room]: { ...held, messages: { ...Object.fromEntries(older.map((message) => [message.id, message])), ...held.messages }, segments: [{ ...segment, ids: [...ids, ...segment.ids], hasOlder: Number(ids[0]) > 4600 }] } } };
      });
    },
    previewInvite: (token) => {
      if (token === "gone") return Promise.reject(new Problem({ code: "invite.expired", status: 410, detail: "Used up." }));
      const { users, servers } = store.getState();
      const talking = ["101", "103", "104", "102"].map((id) => users[id]!);
      return Promise.resolve({ server: { id: "1", name: "Lantern Bay", icon: null }, name: "Lantern Bay", icon: null, description: servers["1"]!.description, member_count: 214, online_count: 31, talking, talking_count: 4, created_at: "2021-05-01T00:00:00.000Z", inviter: users["101"]!, expires_at: null });
    },
    createInvite: (server_id) => Promise.resolve({ token: "aB3xY9", url: `${window.location.origin}/invite/aB3xY9`, server_id, channel_id: null, inviter_id: ME, max_uses: 0, uses: 0, created_at: new Date().toISOString(), expires_at: null }),
    sessions: () =>
      Promise.resolve([
        { id: "1", device: "Chromium on Linux", address: "192.0.2.7", created_at: "2026-11-01T09:00:00.000Z", last_used_at: "2026-11-20T16:40:00.000Z", current: true },
        { id: "2", device: "Firefox on Windows", address: "192.0.2.9", created_at: "2026-10-01T09:00:00.000Z", last_used_at: "2026-11-18T08:12:00.000Z", current: false },
      ]),
    invites: (server_id) => Promise.resolve([{ token: "aB3xY9", url: "https://talk.lanternbay.example/invite/aB3xY9", server_id, channel_id: null, inviter_id: "101", max_uses: 25, uses: 3, created_at: "2026-11-01T09:00:00.000Z", expires_at: "2026-12-01T09:00:00.000Z" }]),
    findMembers: (server) => Promise.resolve(Object.values(store.getState().servers[server]?.members ?? {})),
  };
}

function fakeCall(origin: string, change: Partial<CallState>): Call {
  const person = (userId: string, more = {}) => [userId, { userId, camera: false, screen: false, bars: 4 as const, volume: 1, mutedForMe: false, ...more }] as const;
  const state: CallState = {
    phase: "connected",
    place: { origin, serverId: "1", channelId: "31" },
    failure: null,
    selfMute: false,
    selfDeaf: false,
    serverMute: false,
    serverDeaf: false,
    suppress: false,
    muted: false,
    deafened: false,
    talkKey: false,
    transmitting: true,
    micTrouble: null,
    camera: "off",
    cameraTrouble: null,
    people: Object.fromEntries([person("101"), person("102", { volume: 1.3 }), person("103"), person("104", { bars: 2 })]),
    quality: { bars: 4, rtt: 24, loss: 0.001, jitter: 3, codec: "Opus 48 kHz" },
    mutedTalkAt: null,
    soundBlocked: false,
    ...change,
  };
  const store = createStore<CallState>(() => state);
  const settings = createStore<VoiceSettings>(() => ({ mode: "voice", pushKey: "Space", threshold: 0.34, microphone: null, speaker: null, cameraDevice: null, echoCancellation: true, noiseSuppression: true, autoGain: false, outputVolume: 1, tones: { join: true, leave: true, mute: true, unmute: true, deafen: true, disconnected: true }, people: {} }));
  const devices = createStore(() => ({ microphones: [{ id: "usb", label: "Desk mic, USB" }], speakers: [{ id: "jack", label: "Headphones, front jack" }], cameras: [], canChooseSpeaker: true }));
  const wave = (speed: number) => 0.5 + 0.4 * Math.sin((performance.now() / 1000) * speed);
  return {
    store, settings, devices,
    join: async (place) => store.setState({ place }),
    leave: async () => store.setState({ place: null, phase: "idle" }),
    retry: done,
    setMute: (on) => store.setState({ selfMute: on, muted: on, transmitting: !on }),
    setDeaf: (on) => store.setState({ selfDeaf: on, deafened: on, muted: on }),
    pressTalk: quiet, releaseTalk: quiet, releaseAll: quiet,
    setCamera: async (on) => store.setState({ camera: on ? "on" : "off" }),
    level: () => (window.location.search.includes("still") ? 0.62 : wave(3)),
    levelOf: (id) => (id === "101" ? (window.location.search.includes("still") ? 0.85 : wave(5)) : 0),
    attachVideo: () => quiet,
    setVolume: (id, volume) => store.setState((now) => ({ people: { ...now.people, [id]: { ...now.people[id]!, volume } } })),
    setMutedForMe: (id, mutedForMe) => store.setState((now) => ({ people: { ...now.people, [id]: { ...now.people[id]!, mutedForMe } } })),
    change: (next) => settings.setState(next),
    refreshDevices: done, testMicrophone: () => Promise.resolve(quiet), testSpeaker: done, resumeSound: done, dispose: quiet,
  };
}
