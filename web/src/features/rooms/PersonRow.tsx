import { useLingui } from "@lingui/react/macro";
import { HeadphoneOff, MicOff, ShieldAlert, Video } from "lucide-react";
import { nameOf, type VoiceState } from "@/client";
import { useHub } from "@/app/client";
import { PersonTrigger } from "@/features/people/PersonTrigger";
import { useVoiceMark } from "@/features/voice/useVoiceMark";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/Icon";
import { Meter } from "@/ui/Meter";

/** Somebody in a voice room: at most three marks after the name. */
export default function PersonRow({ voice }: { voice: VoiceState }) {
  const { t } = useLingui();
  const { user_id: id, server_id: server, channel_id: room } = voice;
  const user = useHub((state) => state.users[id]);
  const name = useHub((state) => nameOf(state, id, server)) ?? t`Somebody`;
  const mark = useVoiceMark(room, id);
  return (
    <PersonTrigger serverId={server} userId={id}>
      <button type="button" className="occ" data-roving={name} tabIndex={-1} ref={mark}>
        <Avatar id={id} name={name} picture={user?.avatar} bot={user?.kind === "bot"} size="sm" />
        <span className="t">{name}</span>
        <Meter />
        {voice.self_stream && <span className="tag">{t`Screen`}</span>}
        {voice.self_video && <Mark of={Video} words={t`camera on`} />}
        <Silence voice={voice} />
      </button>
    </PersonTrigger>
  );
}

function Silence({ voice }: { voice: VoiceState }) {
  const { t } = useLingui();
  const byModerator = voice.mute || voice.deaf || voice.suppress;
  const deaf = voice.deaf || voice.self_deaf;
  if (!deaf && !voice.mute && !voice.self_mute && !voice.suppress) return null;
  return (
    <>
      {byModerator && <Icon of={ShieldAlert} className="dim" />}
      <Mark of={deaf ? HeadphoneOff : MicOff} words={byModerator ? (deaf ? t`deafened by a moderator` : t`muted by a moderator`) : deaf ? t`deafened` : t`muted`} dim />
    </>
  );
}

function Mark({ of, words, dim = false }: { of: typeof Video; words: string; dim?: boolean }) {
  return (
    <span className="mark-i" title={words}>
      <Icon of={of} className={dim ? "dim" : ""} />
      <span className="vh">, {words}</span>
    </span>
  );
}
