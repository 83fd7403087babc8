import type { Client } from "@/client";
import { updateReady } from "./updateReady";

let wanted = false;

/** Keeps the client on this device (src/worker), and looks for another version each time the line to its server is new. */
export async function keepClient(client: Client): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return; // without TLS there is none, and nothing is kept
  const workers = navigator.serviceWorker;
  const before = workers.controller;
  const registration = await workers.register("/service-worker.js", { updateViaCache: "none" });
  const look = () => {
    if (registration.waiting && workers.controller) updateReady.setState(true, true);
  };
  look();
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", look));
  workers.addEventListener("controllerchange", () => {
    if (wanted) window.location.reload();
    else if (before) updateReady.setState(true, true); // taken in another tab; this one goes on until its person reloads
  });
  client.home.store.subscribe(({ link }, { link: was }) => {
    if (link.phase === "open" && was.phase !== "open") registration.update().catch(() => undefined); // asked again next time
  });
}

/** The waiting version, now. What is being written is kept; a call ends. */
export async function takeUpdate(): Promise<void> {
  wanted = true;
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration?.waiting) registration.waiting.postMessage("take over");
  else window.location.reload();
}
