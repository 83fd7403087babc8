/** One AudioContext for everything that is heard or measured, made when it is first needed. */

let made: AudioContext | null = null;

export function soundContext(): AudioContext {
  made ??= new AudioContext({ latencyHint: "interactive" });
  return made;
}

/** Browsers keep sound off until somebody clicked. True: sound plays. */
export async function wakeSound(): Promise<boolean> {
  const context = soundContext();
  if (context.state === "suspended") await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 200))]);
  return context.state === "running";
}
