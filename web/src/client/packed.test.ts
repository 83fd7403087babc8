import { describe, expect, it, vi } from "vitest";
import { unpacked, unpacks } from "./packed";

const packed = (text: string): Promise<ArrayBuffer> => new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();

describe("packed frames", () => {
  it("come out as texts, in order with what came behind them", async () => {
    const got: string[] = [];
    const failed = vi.fn();
    const receive = unpacked((text) => got.push(text), failed);
    receive("hello");
    expect(got).toEqual(["hello"]);
    const [long, short] = await Promise.all([packed("x".repeat(100_000)), packed("short")]);
    receive(long);
    receive("after");
    receive(short);
    receive("last");
    await vi.waitFor(() => expect(got.length).toBe(5));
    expect(got.map((each) => each.length)).toEqual([5, 100_000, 5, 5, 4]);
    expect(got.slice(2)).toEqual(["after", "short", "last"]);
    receive("at once again");
    expect(got.at(-1)).toBe("at once again");
    expect(failed).not.toHaveBeenCalled();
    expect(unpacks).toBe(true);
  });

  it("that cannot be read are told", async () => {
    const failed = vi.fn();
    unpacked(() => undefined, failed)(new ArrayBuffer(9));
    await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce());
  });
});
