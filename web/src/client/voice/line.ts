/** Looks at the line of a call every two seconds. */

import type { CallQuality } from "./api";
import type { Media } from "./media-port";
import { judge, type LineSample, sampleOf } from "./quality";

/** Milliseconds. */
const every = 2_000;

/** Returns the end of measuring. */
export function measureLine(media: Pick<Media, "reports">, later: (milliseconds: number, body: () => void) => () => void, tell: (quality: CallQuality) => void): () => void {
  let before: LineSample | null = null;
  let ended = false;
  let cancel: (() => void) | null = null;
  const look = async () => {
    const reports = await media.reports();
    if (ended) return;
    if (reports.length > 0) {
      const now = sampleOf(reports);
      tell(judge(now, before));
      before = now;
    }
    cancel = later(every, () => void look());
  };
  cancel = later(every, () => void look());
  return () => {
    ended = true;
    cancel?.();
  };
}
