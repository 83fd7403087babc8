import "@/styles/floating.css";
import "@/styles/forms.css";
import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronDown } from "lucide-react";
import { Icon, type IconShape } from "./Icon";

interface Props<Value extends string> {
  label: string;
  icon?: IconShape;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onValue: (value: Value) => void;
}

export function Select<Value extends string>({ label, icon, value, options, onValue }: Props<Value>) {
  return (
    <Base.Root value={value} onValueChange={(next) => next !== null && onValue(next)} items={options} modal={false}>
      <Base.Trigger className="select" aria-label={label}>
        {icon && <Icon of={icon} />}
        <span className="t">
          <Base.Value />
        </span>
        <Icon of={ChevronDown} />
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="floating-layer" alignItemWithTrigger={false} sideOffset={4} collisionPadding={8}>
          <Base.Popup className="menu grow">
            {options.map((option) => (
              <Base.Item key={option.value} value={option.value} className="menu-item">
                <Base.ItemText className="t">{option.label}</Base.ItemText>
                <Base.ItemIndicator>
                  <Icon of={Check} />
                </Base.ItemIndicator>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
