import type { ReactNode } from "react";

/** Panes of the houses in the picture; the first ones light up, one per person talking inside. */
const PANES = [
  [172, 250], [96, 286], [238, 232], [60, 214], [206, 300], [276, 268], [132, 222], [26, 270], [300, 214],
] as const;

/** A street at dusk, seen through an arched window. Lit panes are people in sound. */
export function DuskWindow({ lit, children }: { lit: number; children?: ReactNode }) {
  return (
    <div className="window">
      <svg viewBox="0 0 330 444" preserveAspectRatio="xMidYMid slice" aria-hidden>
        <defs>
          <linearGradient id="dusk" x2="0" y2="1">
            <stop stopColor="var(--dusk-high)" />
            <stop offset=".3" stopColor="var(--dusk-low)" />
            <stop offset=".56" stopColor="var(--dusk-glow)" />
          </linearGradient>
        </defs>
        <rect width="330" height="444" fill="url(#dusk)" />
        <g fill="var(--on-video)" opacity=".7">
          <circle cx="70" cy="76" r="1.2" /><circle cx="128" cy="44" r="1" /><circle cx="214" cy="62" r="1.3" />
          <circle cx="262" cy="110" r="1" /><circle cx="168" cy="104" r="1" /><circle cx="96" cy="128" r=".9" />
        </g>
        <path fill="var(--wall-far)" d="M0 220l30-26 30 26h14l24-40 24 40h26l40-30 36 30h18l28-34 30 34h30v224H0z" />
        <path fill="var(--wall-near)" d="M0 262l44-36 44 36v-24l52-46 52 46v34l36-30 40 30v-40l42-34 20 16v230H0z" />
        {PANES.map(([x, y], index) => (
          <path key={`${x}-${y}`} d={`M${x} ${y + 26}v-16a8 8 0 0 1 16 0v16z`} fill={index < lit ? "var(--pane-lit)" : "var(--pane-dark)"} />
        ))}
        <path fill="var(--wall-front)" d="M0 372c50-26 96-30 150-22s118 6 180-16v110H0z" />
        <g fill="var(--wall-front)"><rect x="262" y="292" width="3" height="70" /><path d="M254 296a9.500 9.500 0 0 1 19 0z" /></g>
      </svg>
      {children}
    </div>
  );
}
