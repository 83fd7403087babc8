import "@/styles/forms.css";
import { Switch as Base } from "@base-ui/react/switch";
import { useId, type ReactNode } from "react";

export function Switch({ label, hint, checked, onChecked }: { label: string; hint?: ReactNode; checked: boolean; onChecked: (checked: boolean) => void }) {
  const id = useId();
  return (
    <label className="sw">
      <span className="sw-text">
        <span id={id}>{label}</span>
        {hint && <small id={`${id}-hint`}>{hint}</small>}
      </span>
      <Base.Root className="sw-track" checked={checked} onCheckedChange={onChecked} aria-labelledby={id} aria-describedby={hint ? `${id}-hint` : undefined}>
        <Base.Thumb className="sw-thumb" />
      </Base.Root>
    </label>
  );
}
