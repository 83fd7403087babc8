import "@/styles/forms.css";
import { Slider as Base } from "@base-ui/react/slider";

interface Props {
  label: string;
  /** How a screen reader says the value, such as "130 %". */
  say: (value: number) => string;
  value: number;
  min: number;
  max: number;
  step?: number;
  onValue: (value: number) => void;
}

export function Slider({ label, say, value, min, max, step = 1, onValue }: Props) {
  return (
    <Base.Root value={value} min={min} max={max} step={step} onValueChange={(next) => onValue(next)} thumbAlignment="edge">
      <Base.Control className="slider">
        <Base.Track className="slider-track">
          <Base.Indicator className="slider-fill" />
          <Base.Thumb className="slider-thumb" aria-label={label} getAriaValueText={(_, current) => say(current)} />
        </Base.Track>
      </Base.Control>
    </Base.Root>
  );
}
