import "@/styles/floating.css";
import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useEffect } from "react";
import { useStore } from "zustand";
import { IconButton } from "./IconButton";
import { toasts } from "./toasts";

const manager = Base.createToastManager();

export default function ToastLayer({ closeLabel }: { closeLabel: string }) {
  const waiting = useStore(toasts, (state) => state.waiting);
  useEffect(() => {
    if (!waiting.length) return;
    toasts.setState({ waiting: [] });
    for (const { words, action } of waiting) manager.add({ description: words, ...(action ? { actionProps: { children: action.label, onClick: action.run } } : {}) });
  }, [waiting]);
  return (
    <Base.Provider toastManager={manager} timeout={7000}>
      <Base.Portal>
        <Base.Viewport className="toasts">
          <List closeLabel={closeLabel} />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function List({ closeLabel }: { closeLabel: string }) {
  const { toasts: shown, close } = Base.useToastManager();
  return shown.map((entry) => (
    <Base.Root key={entry.id} toast={entry} className="toast">
      <Base.Description className="t" />
      {entry.actionProps && <Base.Action className="linkish" />}
      <IconButton icon={X} label={closeLabel} onClick={() => close(entry.id)} />
    </Base.Root>
  ));
}
