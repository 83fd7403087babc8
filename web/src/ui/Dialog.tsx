import "@/styles/floating.css";
import { AlertDialog as BaseAlert } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./Button";
import { IconButton } from "./IconButton";

interface Props {
  title: string;
  lead?: ReactNode;
  closeLabel: string;
  open: boolean;
  onClose: () => void;
  className?: string;
  children: ReactNode;
}

/** A modal sheet. Focus moves in, stays in, and returns to what opened it. */
export function Dialog({ title, lead, closeLabel, open, onClose, className = "", children }: Props) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Popup className={`dialog grow ${className}`}>
          <div className="dialog-h">
            <Base.Title>{title}</Base.Title>
            <IconButton icon={X} label={closeLabel} keys="Esc" onClick={onClose} />
          </div>
          {lead && <Base.Description className="dialog-lead">{lead}</Base.Description>}
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

interface ConfirmProps {
  title: string;
  lead: ReactNode;
  confirm: string;
  cancel: string;
  busy?: boolean;
  error?: ReactNode;
  open: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before an end. The safe answer has the focus. */
export function ConfirmDialog({ title, lead, confirm, cancel, busy = false, error, open, onConfirm, onClose }: ConfirmProps) {
  return (
    <BaseAlert.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <BaseAlert.Portal>
        <BaseAlert.Backdrop className="scrim" />
        <BaseAlert.Popup className="dialog grow">
          <div className="dialog-h">
            <BaseAlert.Title>{title}</BaseAlert.Title>
          </div>
          <BaseAlert.Description className="dialog-lead">{lead}</BaseAlert.Description>
          {error}
          <div className="dialog-foot">
            <Button kind="ghost" onClick={onClose}>{cancel}</Button>
            <Button kind="danger" busy={busy} onClick={onConfirm}>{confirm}</Button>
          </div>
        </BaseAlert.Popup>
      </BaseAlert.Portal>
    </BaseAlert.Root>
  );
}
