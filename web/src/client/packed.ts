/** READY and long replies come packed, as binary frames of zlib's format; everything else as text. */

/** Whether this browser can unpack; it says so when it identifies. */
export const unpacks = typeof DecompressionStream === "function";

/** A receiver of frames that hands on texts in the order in which they came, also behind one that is still unpacked. */
export function unpacked(receive: (text: string) => void, failed: () => void): (data: string | ArrayBuffer) => void {
  let waiting: Promise<void> | null = null;
  return (data) => {
    if (typeof data === "string" && waiting === null) return receive(data);
    const text = typeof data === "string" ? data : unpack(data);
    const turn: Promise<void> = Promise.all([text, waiting])
      .then(([ready]) => receive(ready))
      .catch(failed)
      .then(() => {
        if (waiting === turn) waiting = null;
      });
    waiting = turn;
  };
}

function unpack(data: ArrayBuffer): Promise<string> {
  return new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
}
