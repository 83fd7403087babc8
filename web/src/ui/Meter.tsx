import type { Ref } from "react";

/** Five bars that follow the custom property --l, which a level loop writes on the element or an ancestor. */
export function Meter({ still = false, ref }: { still?: boolean; ref?: Ref<HTMLSpanElement> }) {
  return (
    <span className={`meter ${still ? "still" : ""}`} ref={ref} aria-hidden>
      <i /><i /><i /><i /><i />
    </span>
  );
}

/** Connection quality as 0 to 4 bars; the word stands beside it. */
export function Bars({ count }: { count: 0 | 1 | 2 | 3 | 4 }) {
  return (
    <span className={`bars q${count}`} aria-hidden>
      <i /><i /><i /><i />
    </span>
  );
}
