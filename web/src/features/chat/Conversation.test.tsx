import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "wouter";
import { memoryLocation } from "wouter/memory-location";
import { ClientProvider } from "@/app/client";
import { messages } from "@/locales/en.po";
import { fakeClient } from "../../../dev/fakes";
import { Composer } from "./Composer";
import { Message } from "./Message";

const { hook } = memoryLocation({ path: "/s/1/22" });

function show(children: React.ReactNode, client = fakeClient((state) => state)) {
  render(
    <I18nProvider i18n={i18n}>
      <ClientProvider client={client}>
        <Router hook={hook}>{children}</Router>
      </ClientProvider>
    </I18nProvider>,
  );
  return client;
}

function type(box: HTMLElement, text: string): void {
  fireEvent.change(box, { target: { value: text } });
}

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: vi.fn(), removeEventListener: vi.fn() }));
  i18n.loadAndActivate({ locale: "en", messages });
});

describe("Composer", () => {
  it("sends on Enter and clears itself", () => {
    const client = show(<Composer serverId="1" roomId="22" name="#build-log" />);
    const box = screen.getByRole("textbox", { name: "Message #build-log" });
    type(box, "On it.");
    fireEvent.keyDown(box, { key: "Enter" });
    expect(client.home.store.getState().outbox["22"]).toMatchObject([{ content: "On it.", phase: "sending" }]);
    expect(client.home.store.getState().drafts["22"]).toBe("");
  });

  it("keeps a draft and does not send nothing", () => {
    const client = show(<Composer serverId="1" roomId="22" name="#build-log" />);
    const box = screen.getByRole("textbox");
    type(box, "   ");
    fireEvent.keyDown(box, { key: "Enter" });
    type(box, "half a thought");
    expect(client.home.store.getState().outbox["22"]).toBeUndefined();
    expect(client.home.store.getState().drafts["22"]).toBe("half a thought");
  });

  it("says why where nobody may write", () => {
    const locked = fakeClient((state) => ({ ...state, channels: { ...state.channels, "22": { ...state.channels["22"]!, permissions: "0" } } }));
    show(<Composer serverId="1" roomId="22" name="#build-log" />, locked);
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(screen.getByText("You may read #build-log, not write here.")).toBeVisible();
  });
});

describe("Message", () => {
  it("is an article with one heading, and tells when it was changed", () => {
    show(<Message serverId="1" roomId="22" id="5005" rowKey="5005" first />);
    const article = screen.getByRole("article", { name: /Wren Okafor, / });
    expect(within(article).getAllByRole("heading", { level: 3 })).toHaveLength(1);
    expect(article).toHaveTextContent("Lovely.");
    expect(article).toHaveTextContent("edited");
  });

  it("shows names, no ids, before its Markdown can be rendered", () => {
    show(<Message serverId="1" roomId="22" id="5007" rowKey="5007" first />);
    expect(screen.getByRole("article")).toHaveTextContent("@Wren Okafor");
    expect(screen.getByRole("article")).not.toHaveTextContent("<@");
  });

  it("marks a mention of you, and offers to edit only what is yours", async () => {
    show(
      <>
        <Message serverId="1" roomId="22" id="5007" rowKey="5007" first />
        <Message serverId="1" roomId="22" id="5005" rowKey="5005" first />
      </>,
    );
    const [theirs, mine] = screen.getAllByRole("article");
    expect(theirs).toHaveClass("pinged");
    fireEvent.pointerEnter(theirs!);
    await within(theirs!).findByRole("button", { name: "Reply" });
    expect(within(theirs!).queryByRole("button", { name: "Edit" })).toBeNull();
    fireEvent.pointerEnter(mine!);
    expect(await within(mine!).findByRole("button", { name: "Edit" })).toBeInTheDocument();
  });
});
