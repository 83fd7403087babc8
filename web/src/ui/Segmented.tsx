import "@/styles/forms.css";
import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";

interface Props<Value extends string> {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onValue: (value: Value) => void;
}

/** One of a few, all in view. */
export function Segmented<Value extends string>({ label, value, options, onValue }: Props<Value>) {
  return (
    <RadioGroup className="seg" aria-label={label} value={value} onValueChange={(next) => onValue(next as Value)}>
      {options.map((option) => (
        <Radio.Root key={option.value} value={option.value} nativeButton render={(props) => <button {...props} type="button" />}>
          {option.label}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
