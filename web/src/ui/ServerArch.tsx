import { hueOf, initialOf } from "./hue";

/** A server's window: its picture, or its initial on a hue. */
export function ArchFace({ id, name, picture }: { id: string; name: string; picture?: string | null }) {
  if (picture) return <img src={picture} alt="" className="arch-initial" />;
  return <span className={`arch-initial ground hue-${hueOf(id)}`}>{initialOf(name)}</span>;
}

export function ServerArch({ size = "mini", ...face }: { id: string; name: string; picture?: string | null; size?: "mini" | "normal" | "large" }) {
  return (
    <span className={`arch ${size}`} aria-hidden>
      <ArchFace {...face} />
    </span>
  );
}
