import "@/styles/floating.css";
import { Menu as Base } from "@base-ui/react/menu";
import { useState, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { quietGuards } from "./guards";

interface Props {
  anchor: RefObject<HTMLElement | null>;
  align: "start" | "end" | "center";
  onClose: () => void;
  children: ReactNode;
}

/** An open menu beside its control, in a landmark of its name. Tab closes it, as Escape does. */
export default function MenuPopup({ anchor, align, onClose, children }: Props) {
  const [name] = useState(() => anchor.current?.getAttribute("aria-label") ?? anchor.current?.innerText.replace(/\s+/g, " ") ?? "");

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Tab") return;
    event.preventDefault();
    onClose();
  }

  return (
    <span className="in-place" ref={quietGuards}>
      <Base.Root
        open
        modal={false}
        onOpenChange={(open, { event }) => {
          // A press on the control closes by its own click; closing here too would open it again.
          const onControl = event.target instanceof Node && anchor.current?.contains(event.target);
          if (!open && !(onControl && event.type.startsWith("pointer"))) onClose();
        }}
      >
        <Base.Portal ref={quietGuards} role="region" aria-label={name}>
          <Base.Positioner className="floating-layer" anchor={anchor} align={align} sideOffset={6} collisionPadding={8}>
            <Base.Popup className="menu grow" finalFocus={anchor} aria-label={name} onKeyDown={onKeyDown}>{children}</Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </span>
  );
}
