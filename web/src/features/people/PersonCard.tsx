import "@/styles/person.css";
import "@/styles/floating.css";
import { Popover } from "@base-ui/react/popover";
import { Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed, FolderTree, UserMinus } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import { nameOf } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useCall, useClient, useHub, useHubShallow } from "@/app/client";
import { Avatar } from "@/ui/Avatar";
import { ConfirmDialog } from "@/ui/Dialog";
import { FormError } from "@/ui/Field";
import { Icon, type IconShape } from "@/ui/Icon";
import { Select } from "@/ui/Select";
import { Slider } from "@/ui/Slider";
import { Switch } from "@/ui/Switch";
import { closePersonCard, personCard, type PersonPlace } from "./PersonTrigger";
import { powersOver, roomsToMoveTo } from "./PersonModel";

/** The one card of the page, opened for whoever was pressed. */
export default function PersonCard() {
  const open = useStore(personCard, (state) => state.open);
  const [leaving, setLeaving] = useState<PersonPlace | null>(null);
  return (
    <>
      <Popover.Root
        open={open !== null}
        onOpenChange={(next, { event }) => {
          const onControl = event.target instanceof Node && open?.anchor.contains(event.target);
          if (!next && !(onControl && event.type.startsWith("pointer"))) closePersonCard();
        }}
      >
        {open && (
          <Popover.Portal>
            <Popover.Positioner className="floating-layer" anchor={open.anchor} side="inline-end" align="start" sideOffset={8} collisionPadding={8}>
              <Popover.Popup className="pop grow who-pop" finalFocus={() => (open.anchor.isConnected ? open.anchor : null)}>
                <Card key={open.userId} serverId={open.serverId} userId={open.userId} onKick={() => { closePersonCard(); setLeaving(open); }} />
              </Popover.Popup>
            </Popover.Positioner>
          </Popover.Portal>
        )}
      </Popover.Root>
      {leaving && <Kick serverId={leaving.serverId} userId={leaving.userId} onClose={() => setLeaving(null)} />}
    </>
  );
}

function Card({ serverId, userId, onKick }: PersonPlace & { onKick: () => void }) {
  const known = useStore(personCard, (state) => (state.open?.userId === userId ? (state.open.known ?? null) : null));
  const user = useHub((state) => state.users[userId] ?? state.servers[serverId]?.members[userId]?.user) ?? known;
  const name = useHub((state) => nameOf(state, userId, serverId)) ?? user?.display_name ?? "";
  const status = useHub((state) => state.presences[userId]?.status ?? "offline");
  const heard = useCall((state) => userId in state.people);
  return (
    <>
      <div className="who">
        <Avatar id={userId} name={name} picture={user?.avatar} bot={user?.kind === "bot"} size="l48" status={status} />
        <span>
          <Popover.Title>{name}</Popover.Title>
          <Popover.Description render={<small />}><Whereabouts serverId={serverId} userId={userId} /></Popover.Description>
        </span>
      </div>
      <Roles serverId={serverId} userId={userId} />
      {heard && <Hearing userId={userId} />}
      <Moderation serverId={serverId} userId={userId} name={name} divided={heard} onKick={onKick} />
    </>
  );
}

/** "wren, in The Galley, muted": what the marks of the row say, in words. */
function Whereabouts({ serverId, userId }: PersonPlace) {
  const { t } = useLingui();
  const username = useHub((state) => state.users[userId]?.username ?? state.servers[serverId]?.members[userId]?.user.username ?? "");
  const voice = useHub((state) => state.voiceStates[userId]);
  const room = useHub((state) => state.channels[state.voiceStates[userId]?.channel_id ?? ""]?.name);
  const said = useHub((state) => state.presences[userId]?.custom_status);
  const words = [
    username,
    room && t`in ${room}`,
    room && voice?.suppress && t`may only listen`,
    room && (voice?.deaf ? t`deafened by a moderator` : voice?.mute ? t`muted by a moderator` : voice?.self_deaf ? t`hears nothing` : voice?.self_mute && t`muted`),
    said,
  ];
  return words.filter(Boolean).join(", ");
}

function Roles({ serverId, userId }: PersonPlace) {
  const roles = useHubShallow((state) => {
    const server = state.servers[serverId];
    return (server?.members[userId]?.roles ?? []).flatMap((id) => server?.roles[id] ?? []).filter((role) => role.id !== serverId);
  });
  if (!roles.length) return null;
  return (
    <p className="role-list">
      {roles.toSorted((a, b) => b.position - a.position).map((role) => (
        <span key={role.id} className={`role-chip ${role.hue ? `hue-${role.hue}` : ""}`}>{role.name}</span>
      ))}
    </p>
  );
}

function Hearing({ userId }: { userId: string }) {
  const { t } = useLingui();
  const { call } = useClient();
  const person = useCall((state) => state.people[userId]);
  if (!person) return null;
  const percent = Math.round(person.volume * 100);
  return (
    <>
      <div className="vol-h"><span><Trans>Volume for you</Trans></span><output>{percent} %</output></div>
      <Slider label={t`Volume for you`} say={(value) => `${value} %`} value={percent} min={0} max={200} step={5} onValue={(value) => call.setVolume(userId, value / 100)} />
      <Switch label={t`Mute for me`} hint={t`Nobody else notices`} checked={person.mutedForMe} onChecked={(muted) => call.setMutedForMe(userId, muted)} />
    </>
  );
}

function Moderation({ serverId, userId, name, divided, onKick }: PersonPlace & { name: string; divided: boolean; onKick: () => void }) {
  const { t } = useLingui();
  const { moderateVoice } = useActions();
  const powers = useHubShallow((state) => powersOver(state, serverId, userId));
  const voice = useHub((state) => state.voiceStates[userId]);
  const act = useAct();
  const change = (what: Parameters<typeof moderateVoice>[2]) => void act.run(async () => void (await moderateVoice(serverId, userId, what)));
  if (!Object.values(powers).includes(true)) return null;
  return (
    <>
      {divided && <hr />}
      {act.words && <FormError>{act.words}</FormError>}
      {powers.mute && <Switch label={t`Mute for everyone`} checked={voice?.mute ?? false} onChecked={(mute) => change({ mute })} />}
      {powers.deafen && <Switch label={t`Deafen`} hint={t`${name} hears nobody`} checked={voice?.deaf ?? false} onChecked={(deaf) => change({ deaf })} />}
      {powers.move && <MoveTo serverId={serverId} userId={userId} onMove={(channel_id) => change({ channel_id })} />}
      <div className="menu-list">
        {powers.disconnect && <Action icon={DoorClosed} onPress={() => change({ channel_id: null })}>{t`Send out of the room`}</Action>}
        {powers.kick && <Action icon={UserMinus} bad onPress={onKick}>{t`Put out of the server`}</Action>}
      </div>
    </>
  );
}

function MoveTo({ serverId, userId, onMove }: PersonPlace & { onMove: (room: string) => void }) {
  const { t } = useLingui();
  const rooms = useHubShallow((state) => roomsToMoveTo(state, serverId, userId).map(({ id, name }) => `${id} ${name}`));
  if (!rooms.length) return null;
  const options = rooms.map((room) => ({ value: room.slice(0, room.indexOf(" ")), label: room.slice(room.indexOf(" ") + 1) }));
  return (
    <div className="move-to">
      <Select label={t`Move to another room`} icon={FolderTree} value="" onValue={onMove} options={[{ value: "", label: t`Move to another room` }, ...options]} />
    </div>
  );
}

function Action({ icon, bad = false, onPress, children }: { icon: IconShape; bad?: boolean; onPress: () => void; children: string }) {
  return (
    <button type="button" className={`menu-item ${bad ? "bad" : ""}`} onClick={onPress}>
      <Icon of={icon} />
      {children}
    </button>
  );
}

function Kick({ serverId, userId, onClose }: PersonPlace & { onClose: () => void }) {
  const { t } = useLingui();
  const { kick } = useActions();
  const name = useHub((state) => nameOf(state, userId, serverId)) ?? "";
  const server = useHub((state) => state.servers[serverId]?.name ?? "");
  const act = useAct();
  return (
    <ConfirmDialog
      open
      title={t`Put ${name} out of ${server}?`}
      lead={t`All rooms close to them at once. With a new invite link they can come back.`}
      confirm={t`Put out`}
      cancel={t`Let them stay`}
      busy={act.busy}
      error={act.words && <FormError>{act.words}</FormError>}
      onConfirm={() => void act.run(async () => { await kick(serverId, userId); onClose(); })}
      onClose={onClose}
    />
  );
}
