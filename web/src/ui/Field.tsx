import "@/styles/forms.css";
import { CircleAlert, Eye, EyeOff } from "lucide-react";
import { useId, useState, type ComponentProps, type ReactNode } from "react";
import { Icon } from "./Icon";
import { IconButton } from "./IconButton";

interface Props extends Omit<ComponentProps<"input">, "onChange" | "value"> {
  label: string;
  hint?: ReactNode;
  /** What is wrong and what to do; stands where the hint was. */
  error?: string | undefined;
  value: string;
  onValue: (value: string) => void;
  end?: ReactNode;
}

export function Field({ label, hint, error, value, onValue, end, ...input }: Props) {
  const id = useId();
  return (
    <div className="fld">
      <label className="fld-label" htmlFor={id}>{label}</label>
      <span className="fld-box">
        <input
          {...input}
          id={id}
          className={end ? "with-end" : ""}
          value={value}
          onChange={(event) => onValue(event.target.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? `${id}-note` : undefined}
        />
        {end && <span className="fld-end">{end}</span>}
      </span>
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

interface AreaProps extends Omit<ComponentProps<"textarea">, "onChange" | "value"> {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  value: string;
  onValue: (value: string) => void;
}

export function TextArea({ label, hint, error, value, onValue, ...area }: AreaProps) {
  const id = useId();
  return (
    <div className="fld">
      <label className="fld-label" htmlFor={id}>{label}</label>
      <textarea
        {...area}
        id={id}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
      />
      <Note id={`${id}-note`} hint={hint} error={error} />
    </div>
  );
}

function Note({ id, hint, error }: { id: string; hint: ReactNode; error: string | undefined }) {
  if (error) {
    return (
      <p className="fld-error" id={id} role="alert">
        <Icon of={CircleAlert} />
        {error}
      </p>
    );
  }
  return hint ? <p className="fld-hint" id={id}>{hint}</p> : null;
}

/** A password that may be shown and pasted. */
export function PasswordField({ showLabel, ...field }: Omit<Props, "type" | "end"> & { showLabel: string }) {
  const [shown, show] = useState(false);
  return (
    <Field
      {...field}
      type={shown ? "text" : "password"}
      autoCapitalize="none"
      spellCheck={false}
      end={<IconButton icon={shown ? EyeOff : Eye} label={showLabel} pressed={shown} onClick={() => show(!shown)} />}
    />
  );
}

/** A refusal that belongs to the whole form. */
export function FormError({ children }: { children: ReactNode }) {
  return (
    <p className="form-error" role="alert">
      <Icon of={CircleAlert} />
      <span>{children}</span>
    </p>
  );
}
