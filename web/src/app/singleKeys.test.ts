import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeClient } from "../../dev/fakes";
import { allowSingleKeys } from "./keys";
import { singleKeys } from "./singleKeys";

const call = () => fakeClient((state) => state).call;
let gone = new AbortController();

function press(key: string, held: KeyboardEventInit = {}, target: EventTarget = document.body): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

function field(): HTMLInputElement {
  const input = document.createElement("input");
  document.body.append(input);
  return input;
}

beforeEach(() => {
  allowSingleKeys(true);
  gone = new AbortController();
});
afterEach(() => {
  gone.abort();
  document.body.replaceChildren();
});

describe("keys of the call", () => {
  it("toggle once per press, however long it is held", () => {
    const made = call();
    singleKeys(made, gone.signal);
    press("m");
    press("m", { repeat: true });
    expect(made.store.getState().selfMute).toBe(true);
    press("d");
    expect(made.store.getState().selfDeaf).toBe(true);
  });
  it("leave letters to text fields, and work there with Ctrl Shift", () => {
    const made = call();
    singleKeys(made, gone.signal);
    const input = field();
    expect(press("m", {}, input)).toBe(false);
    expect(made.store.getState().selfMute).toBe(false);
    expect(press("M", { ctrlKey: true, shiftKey: true }, input)).toBe(true);
    expect(made.store.getState().selfMute).toBe(true);
    expect(press("V", { ctrlKey: true, shiftKey: true }, input)).toBe(false); // pastes there
  });
  it("are off by one switch, the long ones stay", () => {
    const made = call();
    singleKeys(made, gone.signal);
    allowSingleKeys(false);
    press("m");
    expect(made.store.getState().selfMute).toBe(false);
    press("M", { ctrlKey: true, shiftKey: true });
    expect(made.store.getState().selfMute).toBe(true);
  });
  it("mean nothing without a call", async () => {
    const made = call();
    singleKeys(made, gone.signal);
    await made.leave();
    expect(press("m")).toBe(false);
    expect(press("M", { ctrlKey: true, shiftKey: true })).toBe(false);
    expect(made.store.getState().selfMute).toBe(false);
  });
});
