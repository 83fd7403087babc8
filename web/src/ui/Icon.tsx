import type { LucideIcon } from "lucide-react";

export type IconShape = LucideIcon;

/** Decoration beside words or inside a labelled control: never announced. `mirror` for shapes with a reading direction. */
export function Icon({ of: Shape, className = "", mirror = false }: { of: IconShape; className?: string; mirror?: boolean }) {
  return <Shape className={`i ${mirror ? "mirror " : ""}${className}`} strokeWidth={1.9} aria-hidden />;
}
