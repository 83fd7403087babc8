import { act, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { Router, useLocation } from "wouter";
import { askBeforeLeaving, guardLeaving } from "./unsaved";

let end = () => {};
afterEach(() => end());

function Here() {
  const [path] = useLocation();
  return <p>at {path}</p>;
}

it("asks on the browser's Back: the page stays until yes, then it is where one wanted to go", async () => {
  window.history.pushState(null, "", "/room");
  window.history.pushState({ from: "room" }, "", "/settings");
  render(<Router aroundNav={askBeforeLeaving}><Here /></Router>);
  const asked: (() => void)[] = [];
  end = guardLeaving((leave) => asked.push(leave));
  act(() => window.history.back());
  await waitFor(() => expect(asked).toHaveLength(1));
  expect([window.location.pathname, window.history.state]).toEqual(["/settings", { from: "room" }]);
  expect(screen.getByText("at /settings")).toBeVisible();
  end();
  act(() => asked[0]?.());
  expect(await screen.findByText("at /room")).toBeVisible();
});
