import "@/styles/floating.css";
import { Menu as Base } from "@base-ui/react/menu";
import type { ReactNode, RefObject } from "react";

/** An open menu beside its control. */
export default function MenuPopup({ anchor, align, onClose, children }: { anchor: RefObject<HTMLElement | null>; align: "start" | "end" | "center"; onClose: () => void; children: ReactNode }) {
  return (
    <Base.Root
      open
      modal={false}
      onOpenChange={(open, { event }) => {
        // A press on the control closes by its own click; closing here too would open it again.
        const onControl = event.target instanceof Node && anchor.current?.contains(event.target);
        if (!open && !(onControl && event.type.startsWith("pointer"))) onClose();
      }}
    >
      <Base.Portal>
        <Base.Positioner className="floating-layer" anchor={anchor} align={align} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="menu grow" finalFocus={anchor}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
