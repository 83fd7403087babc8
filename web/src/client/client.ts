import type { Client } from "./api";

export function createClient(): Client {
  throw new Error("not built yet");
}
