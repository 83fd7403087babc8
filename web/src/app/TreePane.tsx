import type { ReactNode } from "react";
import { NARROW, useMedia } from "./media";

/** The column of rooms; where one pane fits and no room is open it is the page itself. */
export function TreePane({ label, alone, children }: { label: string; alone: boolean; children: ReactNode }) {
  const narrow = useMedia(NARROW);
  if (narrow && alone) {
    return (
      <main className="tree" id="main" tabIndex={-1}>
        {children}
      </main>
    );
  }
  return (
    <aside className="tree" aria-label={label}>
      {children}
    </aside>
  );
}

/** The name at its head: a heading where the column is the page. */
export function TreeTitle({ alone, children }: { alone: boolean; children: ReactNode }) {
  const narrow = useMedia(NARROW);
  return narrow && alone ? <h1 className="tree-title">{children}</h1> : <div className="tree-title">{children}</div>;
}
