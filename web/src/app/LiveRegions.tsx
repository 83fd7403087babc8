import { plural } from "@lingui/core/macro";
import { useCallback } from "react";
import { Announcer, type Region } from "./announce";

export const announcer = new Announcer((count) => plural(count, { one: "# new message", other: "# new messages" }));

/** Where screen readers listen. Nothing here is seen. */
export function LiveRegions() {
  return (
    <div className="vh">
      <Voice region="room" />
      <Voice region="call" />
      <Voice region="alert" />
    </div>
  );
}

function Voice({ region }: { region: Region }) {
  const attach = useCallback((node: HTMLElement | null) => announcer.attach(region, node), [region]);
  return <p ref={attach} role={region === "alert" ? "alert" : "status"} aria-live={region === "alert" ? "assertive" : "polite"} />;
}
