import { useLingui } from "@lingui/react";
import { useRef, useState } from "react";
import { refusalOf, type Refusal } from "./problems";

export interface Act {
  /** Longer than 400 ms under way: the control shows it. Pressing twice does nothing in any case. */
  busy: boolean;
  refusal: Refusal | null;
  /** Words of the refusal, unless they belong to single fields. */
  words: string | null;
  field: (name: string) => string | undefined;
  run: (work: () => Promise<void>) => Promise<void>;
  clear: () => void;
}

/** One thing a person does that the server may refuse. */
export function useAct(): Act {
  const { _ } = useLingui();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const running = useRef(false);

  async function run(work: () => Promise<void>): Promise<void> {
    if (running.current) return;
    running.current = true;
    const slow = setTimeout(() => setBusy(true), 400);
    try {
      await work();
      setRefusal(null);
    } catch (error) {
      setRefusal(refusalOf(error));
    } finally {
      clearTimeout(slow);
      running.current = false;
      setBusy(false);
    }
  }

  const said = refusal && (typeof refusal.words === "string" ? refusal.words : _(refusal.words));
  const words = refusal && Object.keys(refusal.fields).length === 0 ? said : null;
  return { busy, refusal, words, field: (name) => refusal?.fields[name], run, clear: () => setRefusal(null) };
}
