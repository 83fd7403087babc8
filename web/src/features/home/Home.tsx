import "@/styles/home.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { House, Inbox, Keyboard, Search } from "lucide-react";
import { useEvery } from "@/app/client";
import { tipOf } from "@/app/keys";
import { NARROW, useMedia, WIDE } from "@/app/media";
import { OfflineBanner } from "@/app/OfflineBanner";
import { openOverlay } from "@/app/overlay";
import { usePageTitle } from "@/app/title";
import { RoomHead } from "@/features/rooms/RoomHead";
import MiniCall from "@/features/voice/MiniCall";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { AwayLines, LitCards } from "./Lights";
import { MarkAllRead, Mentions } from "./Mentions";

/** What calls you on all servers, and beside it (above it where there is less room) where there is light. */
export default function Home() {
  const { t } = useLingui();
  usePageTitle(t`Home`);
  const wide = useMedia(WIDE);
  const narrow = useMedia(NARROW);
  const servers = useEvery((state) => state.serverOrder.length).reduce((sum, count) => sum + count, 0);
  return (
    <div className="sheet at-home">
      <main className="main" id="main" tabIndex={-1} data-region>
        <RoomHead icon={Inbox} title={t`Mentions`}>
          <MarkAllRead />
          <IconButton icon={Search} label={t`Go to anything`} keys={tipOf("goTo")} onClick={() => openOverlay("switcher")} />
          {!narrow && <IconButton icon={Keyboard} label={t`Keyboard shortcuts`} keys={tipOf("sheet")} onClick={() => openOverlay("shortcuts")} />}
        </RoomHead>
        {wide && <OfflineBanner serverId={null} />}
        {servers === 0 ? (
          <NoServers />
        ) : (
          <div className="home-page">
            {!wide && !narrow && (
              <>
                <h2><Trans>Lights on</Trans></h2>
                <LitCards />
                <AwayLines />
              </>
            )}
            <Mentions />
          </div>
        )}
        {narrow && <MiniCall />}
      </main>
      {wide && servers > 0 && (
        <aside className="side lights" aria-labelledby="lights-on" data-region>
          <div className="lights-h">
            <h2 id="lights-on"><Trans>Lights on</Trans></h2>
            <p><Trans>Rooms with people in them, on all your servers.</Trans></p>
          </div>
          <LitCards />
          <AwayLines />
        </aside>
      )}
    </div>
  );
}

function NoServers() {
  const { t } = useLingui();
  return (
    <Blank icon={House} title={t`No servers yet`} actions={<Button kind="primary" onClick={() => openOverlay("add-server")}>{t`Add a server`}</Button>}>
      <Trans>Make one of your own, or open an invite link that somebody gave you.</Trans>
    </Blank>
  );
}
