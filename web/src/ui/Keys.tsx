const NAMES: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const MAC: Record<string, string> = { Ctrl: "⌘", Alt: "⌥" };
const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** "Ctrl+K" as key caps, in the words of this machine's keyboard. */
export function Keys({ combination }: { combination: string }) {
  return (
    <span className="caps">
      {combination.split("+").map((key) => (
        <kbd key={key}>{(mac && MAC[key]) || NAMES[key] || key}</kbd>
      ))}
    </span>
  );
}
