import { Toast as Base } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { IconButton } from "./IconButton";
import { manager } from "./toasts";

export function ToastLayer({ closeLabel }: { closeLabel: string }) {
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
  const { toasts, close } = Base.useToastManager();
  return toasts.map((entry) => (
    <Base.Root key={entry.id} toast={entry} className="toast">
      <Base.Description className="t" />
      {entry.actionProps && <Base.Action className="linkish" />}
      <IconButton icon={X} label={closeLabel} onClick={() => close(entry.id)} />
    </Base.Root>
  ));
}
