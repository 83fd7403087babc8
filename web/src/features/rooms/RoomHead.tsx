import { useLingui } from "@lingui/react/macro";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useRoute } from "wouter";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Icon, type IconShape } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";

/** Icon, name and topic of what is open; Back where only one pane fits. */
export function RoomHead({ icon, title, topic = "", children }: { icon?: IconShape; title: string; topic?: string; children?: ReactNode }) {
  const { t } = useLingui();
  const go = useNavigate();
  const [, at] = useRoute("/s/:server/*?");
  return (
    <header className="head">
      <IconButton className="back" icon={ArrowLeft} mirror label={t`Back to rooms`} onClick={() => go(at?.server ? paths.server(at.server) : paths.home)} />
      {icon && <Icon of={icon} className="head-i" />}
      <h1>{title}</h1>
      <p className="topic" title={topic || undefined}>{topic}</p>
      {children && <div className="head-r">{children}</div>}
    </header>
  );
}
