import { Redirect, useSearchParams } from "wouter";
import { parseInvite } from "@/client";
import { useHref } from "@/app/client";
import { paths } from "@/app/paths";

/** Where the system sends `web+hubbub:` links once the app is installed: `/open?link=…`. */
export default function OpenLink() {
  const href = useHref();
  const [search] = useSearchParams();
  const invite = inviteIn(search.get("link") ?? "");
  return <Redirect to={invite ? href(invite.origin, paths.invite(invite.token)) : `~${paths.home}`} replace />;
}

function inviteIn(link: string): ReturnType<typeof parseInvite> {
  try {
    return parseInvite(link);
  } catch {
    return null; // no address in it: home is where one goes
  }
}
