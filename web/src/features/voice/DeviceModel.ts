import type { Device } from "@/client";

/** In a list of devices, the system's own choice. */
const SYSTEM = "system";

export function toOption(chosen: string | null): string {
  return chosen ?? SYSTEM;
}

export function fromOption(value: string): string | null {
  return value === SYSTEM ? null : value;
}

/** The system's choice first; a chosen device that was unplugged stays in the list, so that it comes back by itself. */
export function deviceOptions(devices: readonly Device[], chosen: string | null, system: string): { value: string; label: string }[] {
  const named = devices.filter((device) => device.id && device.id !== "default").map((device, index) => ({ value: device.id, label: device.label || `${index + 1}` }));
  const gone = chosen && !named.some(({ value }) => value === chosen) ? [{ value: chosen, label: "—" }] : [];
  return [{ value: SYSTEM, label: system }, ...named, ...gone];
}
