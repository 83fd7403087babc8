import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import "@/styles/settings.css";
import { Icon, type IconShape } from "@/ui/Icon";
import { roving } from "@/ui/roving";

export interface SettingsEntry {
  id: string;
  icon: IconShape;
  label: string;
  href: string;
}

/** Nav on one side, one page of fields on the other. */
export function SettingsFrame({ label, back, backHref, entries, current, children }: { label: string; back: string; backHref: string; entries: readonly SettingsEntry[]; current: string; children: ReactNode }) {
  const title = entries.find(({ id }) => id === current)?.label ?? label;
  return (
    <div className="settings">
      <nav className="set-nav" aria-label={label} data-region ref={roving}>
        <Link className="set-back" href={backHref} aria-label={back}>
          <Icon of={ArrowLeft} mirror />
          <span className="t">{back}</span>
        </Link>
        {entries.map(({ id, icon, label: words, href }) => (
          <Link key={id} className="row" href={href} aria-current={id === current ? "page" : undefined} data-roving={words} tabIndex={id === current ? 0 : -1}>
            <Icon of={icon} />
            <span className="t">{words}</span>
          </Link>
        ))}
      </nav>
      <main className="sheet set" id="main" tabIndex={-1} data-region>
        <div className="set-page">
          <div className="set-h"><h1>{title}</h1></div>
          {children}
        </div>
      </main>
    </div>
  );
}
