import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement } from "react";
import { Keys } from "./Keys";

interface Tip {
  label: string;
  keys: string | undefined;
}

const handle = Base.createHandle<Tip>();

/** Wraps one control. All triggers share one popup, so a list of a thousand buttons costs a thousand buttons. */
export function Tooltip({ label, keys, children }: { label: string; keys?: string | undefined; children: ReactElement }) {
  return <Base.Trigger handle={handle} payload={{ label, keys }} render={children} />;
}

/** The popup itself: once per page. */
export function TooltipLayer() {
  return (
    <Base.Root handle={handle}>
      {({ payload }) => (
        <Base.Portal>
          <Base.Positioner className="tip-layer" sideOffset={6}>
            <Base.Popup className="tip grow">
              {payload && (
                <>
                  <span>{payload.label}</span>
                  {payload.keys && <Keys combination={payload.keys} />}
                </>
              )}
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      )}
    </Base.Root>
  );
}

export const TooltipProvider = Base.Provider;
