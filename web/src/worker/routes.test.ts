import { describe, expect, it } from "vitest";
import { answerFor } from "./routes";

const origin = "https://talk.example";
const files = new Set(["/assets/entry-abc.js", "/favicon.svg"]);
const asked = (path: string, more: { mode?: string; method?: string } = {}) => answerFor({ method: "GET", mode: "no-cors", url: new URL(path, origin).href, ...more }, origin, files);

describe("answerFor", () => {
  it.each(["/", "/s/1/2", "/s/1/2?message=3", "/at/http:127.0.0.1:8080/s/1/2", "/invite/aB-9", "/login", "/settings/keys", "/manage/1", "/mentions", "/open?link=x"])("opens the page %s", (path) => {
    expect(asked(path, { mode: "navigate" })).toEqual({ kind: "page" });
  });
  it.each(["/api", "/api/instance", "/auth/login", "/servers/1", "/channels/1", "/invites/aB-9", "/plugins", "/admin/settings", "/gateway", "/gateway?v=1", "/rtc", "/rtc/validate", "/twirp/livekit.RoomService/ListRooms", "/health", "/metrics", "/setup", "/setup?token=x", "/nothing", "/service-worker.js", "/assets/gone-123.js"])("never answers %s", (path) => {
    for (const mode of ["navigate", "cors", "no-cors", "same-origin", "websocket"]) expect(asked(path, { mode })).toBeNull();
  });
  it("answers files of the build, and only as they are", () => {
    expect(asked("/assets/entry-abc.js")).toEqual({ kind: "file", path: "/assets/entry-abc.js" });
    expect(asked("/assets/entry-abc.js?other")).toBeNull();
    expect(asked("/assets/entry-abc.js", { method: "POST" })).toBeNull();
    expect(asked("https://other.example/assets/entry-abc.js")).toBeNull();
    expect(asked("/", { mode: "navigate", method: "POST" })).toBeNull();
  });
});
