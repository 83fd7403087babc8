import "@/styles/forms.css";
import { useLingui } from "@lingui/react/macro";
import { useState, type ReactNode } from "react";
import { useStore } from "zustand";
import { appearance } from "@/app/appearance";
import { chooseLanguage, LANGUAGES, type Language } from "@/app/i18n";
import { Segmented } from "@/ui/Segmented";
import { Select } from "@/ui/Select";
import { Slider } from "@/ui/Slider";

export function Look() {
  const { t, i18n } = useLingui();
  const look = useStore(appearance);
  const [scale, setScale] = useState(look.fontScale);
  return (
    <>
      <Row label={t`Theme`}>
        <Segmented label={t`Theme`} value={look.theme} onValue={(theme) => appearance.setState({ theme })} options={[{ value: "system", label: t`System` }, { value: "light", label: t`Light` }, { value: "dark", label: t`Dark` }]} />
      </Row>
      <Row label={t`Density`}>
        <Segmented label={t`Density`} value={look.density} onValue={(density) => appearance.setState({ density })} options={[{ value: "cosy", label: t`Cosy` }, { value: "compact", label: t`Compact` }]} />
      </Row>
      <Row label={t`Contrast`}>
        <Segmented label={t`Contrast`} value={look.contrast} onValue={(contrast) => appearance.setState({ contrast })} options={[{ value: "system", label: t`System` }, { value: "more", label: t`More` }]} />
      </Row>
      <Row label={t`Motion`}>
        <Segmented label={t`Motion`} value={look.motion} onValue={(motion) => appearance.setState({ motion })} options={[{ value: "system", label: t`System` }, { value: "reduce", label: t`Less` }]} />
      </Row>
      <Row label={t`Size of text: ${scale} %`}>
        <Slider label={t`Size of text`} say={(value) => `${value} %`} value={scale} min={80} max={150} step={5} onValue={(value) => { setScale(value); appearance.setState({ fontScale: value }); }} />
      </Row>
      <Row label={t`Language`}>
        <Select label={t`Language`} value={i18n.locale as Language} onValue={(language) => void chooseLanguage(language)} options={Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as Language, label }))} />
      </Row>
    </>
  );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="set-row">
      <span>{label}</span>
      {children}
    </div>
  );
}
