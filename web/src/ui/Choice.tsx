import "@/styles/forms.css";
import { useId } from "react";
import { Icon, type IconShape } from "./Icon";

interface Option<Value extends string> {
  value: Value;
  label: string;
  hint?: string;
  icon?: IconShape;
}

/** A few ways to go, each with a sentence. */
export function Choice<Value extends string>({ label, value, options, onValue }: { label: string; value: Value; options: readonly Option<Value>[]; onValue: (value: Value) => void }) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input type="radio" name={name} checked={option.value === value} onChange={() => onValue(option.value)} />
          {option.icon && <Icon of={option.icon} />}
          <span>
            <strong>{option.label}</strong>
            {option.hint && <small>{option.hint}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
