import { Suspense, useEffect } from "react";
import { useStore } from "zustand";
import { soon } from "@/ui/soon";
import { shortcutFor } from "./keys";
import { closeOverlay, openOverlay, overlay } from "./overlay";
import { comboOf } from "./ShortcutModel";

const Switcher = soon(() => import("@/features/switcher/Switcher"));
const ShortcutSheet = soon(() => import("@/features/keys/ShortcutSheet"));
const AddServer = soon(() => import("@/features/servers/AddServer"));

/** The switcher and the list of shortcuts, by their keys and from wherever they are asked for; inside, on every page. */
export function Overlays() {
  const open = useStore(overlay, (state) => state.open);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const meant = shortcutFor("anywhere", comboOf(event))?.id;
      if (event.defaultPrevented || event.repeat || (meant !== "goTo" && meant !== "sheet")) return;
      event.preventDefault();
      const wanted = meant === "goTo" ? "switcher" : "shortcuts";
      if (overlay.getState().open === wanted) closeOverlay();
      else openOverlay(wanted);
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
  return (
    <Suspense>
      {open === "switcher" && <Switcher onClose={closeOverlay} />}
      {open === "shortcuts" && <ShortcutSheet onClose={closeOverlay} />}
      {open === "add-server" && <AddServer onClose={closeOverlay} />}
    </Suspense>
  );
}
