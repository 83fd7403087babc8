import { Hash, Radio, Volume2 } from "lucide-react";
import type { Channel } from "@/client";
import type { IconShape } from "@/ui/Icon";

export function roomIcon(type: Channel["type"] | undefined): IconShape {
  if (type === "voice") return Volume2;
  return type === "stage" ? Radio : Hash;
}
