import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { Problem, type Client, type InstanceState } from "@/client";
import { ClientProvider } from "@/app/client";
import { messages } from "@/locales/en.po";
import { fakeClient } from "../../../dev/fakes";
import PersonCard from "./PersonCard";
import { personCard, PersonTrigger } from "./PersonTrigger";

function open(userId: string, client: Client): void {
  render(
    <I18nProvider i18n={i18n}>
      <ClientProvider client={client}>
        <PersonTrigger serverId="1" userId={userId}><button type="button">Somebody</button></PersonTrigger>
        <PersonCard />
      </ClientProvider>
    </I18nProvider>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Somebody" }));
}

const owner = (state: InstanceState): InstanceState => ({ ...state, servers: { ...state.servers, "1": { ...state.servers["1"]!, owner_id: "112" } } });
const voice = (id: string, change: object) => (state: InstanceState): InstanceState => ({ ...state, voiceStates: { ...state.voiceStates, [id]: { ...state.voiceStates[id]!, ...change } } });

beforeEach(() => {
  act(() => personCard.setState({ open: null }));
  i18n.loadAndActivate({ locale: "en", messages });
});

describe("the card of a person in your call", () => {
  it("says who it is, where, and how", () => {
    open("102", fakeClient((state) => state));
    expect(screen.getByRole("dialog", { name: "Jonas Bekele" })).toHaveAccessibleDescription(/in The Galley, muted/);
    expect(screen.getByText("Captains")).toBeInTheDocument();
  });

  it("turns them louder or quieter for you, from 0 to 200 %", () => {
    const client = fakeClient((state) => state);
    open("102", client);
    const slider = screen.getByLabelText("Volume for you");
    expect(slider).toHaveAttribute("aria-valuetext", "130 %");
    expect([slider.getAttribute("min"), slider.getAttribute("max")]).toEqual(["0", "200"]);
    fireEvent.keyDown(slider, { key: "ArrowRight" });
    expect(client.call.store.getState().people["102"]?.volume).toBeCloseTo(1.35);
    fireEvent.keyDown(slider, { key: "End" });
    expect(client.call.store.getState().people["102"]?.volume).toBe(2);
    fireEvent.keyDown(slider, { key: "Home" });
    expect(client.call.store.getState().people["102"]?.volume).toBe(0);
    expect(screen.getByText("0 %")).toBeInTheDocument();
  });

  it("silences them for you alone", () => {
    const client = fakeClient((state) => state);
    open("102", client);
    const mute = screen.getByRole("switch", { name: /Mute for me/ });
    fireEvent.click(screen.getByText("Mute for me"));
    expect(client.call.store.getState().people["102"]?.mutedForMe).toBe(true);
    expect(mute).toBeChecked();
  });

  it("has no volume for somebody you do not hear", () => {
    open("107", fakeClient((state) => state));
    expect(screen.getByRole("dialog", { name: "Hana Sato" })).toHaveAccessibleDescription(/in Night watch, hears nothing/);
    expect(screen.queryByLabelText("Volume for you")).toBeNull();
  });
});

describe("moderation in the card", () => {
  it("mutes for everyone through the instance, and shows its refusal in place", async () => {
    const client = fakeClient(owner);
    const asked: unknown[] = [];
    client.home.actions.moderateVoice = (...all) => {
      asked.push(all);
      return Promise.reject(new Problem({ code: "member.outranked", status: 403, detail: "They stand above you." }));
    };
    open("102", client);
    fireEvent.click(screen.getByRole("switch", { name: "Mute for everyone" }));
    expect(await screen.findByText("They stand above you.")).toBeInTheDocument();
    expect(asked).toEqual([["1", "102", { mute: true }]]);
  });

  it("shows what a moderator did before", () => {
    open("102", fakeClient((state) => voice("102", { mute: true })(owner(state))));
    expect(screen.getByRole("switch", { name: "Mute for everyone" })).toBeChecked();
    expect(screen.getByRole("dialog")).toHaveAccessibleDescription(/muted by a moderator/);
  });

  it("asks before it puts somebody out of the server", () => {
    open("102", fakeClient(owner));
    fireEvent.click(screen.getByRole("button", { name: "Put out of the server" }));
    expect(screen.getByRole("alertdialog", { name: "Put Jonas Bekele out of Lantern Bay?" })).toBeInTheDocument();
  });

  it("is not there over the owner, nor over yourself", () => {
    open("101", fakeClient((state) => state));
    expect(screen.queryByRole("switch", { name: "Mute for everyone" })).toBeNull();
    expect(screen.queryByRole("button", { name: /Put out/ })).toBeNull();
  });
});
