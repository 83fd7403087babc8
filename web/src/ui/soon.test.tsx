import { render, screen } from "@testing-library/react";
import { Suspense } from "react";
import { expect, it } from "vitest";
import { bringSoon, soon } from "./soon";

it("draws at once what was brought before, and what that declares", async () => {
  const found: string[] = [];
  const inner = { bring: async () => ({ default: () => (found.push("inner"), <p>inner</p>) }) };
  const made: { Inner?: ReturnType<typeof soon> } = {};
  const Outer = soon(async () => {
    made.Inner ??= soon(inner.bring);
    return { default: () => <p>outer</p> };
  });
  await bringSoon();
  const Inner = made.Inner!;
  render(<Suspense fallback={<p>waiting</p>}><Outer /><Inner /></Suspense>);
  expect(screen.queryByText("waiting")).toBeNull();
  expect(screen.getByText("outer")).toBeVisible();
  expect(found).toEqual(["inner"]);
});

it("waits for what was not brought, and asks again after a line was lost", async () => {
  let lost = true;
  const Late = soon(async () => {
    if (lost) throw new Error("no line");
    return { default: () => <p>late</p> };
  });
  await bringSoon();
  lost = false;
  render(<Suspense fallback={<p>waiting</p>}><Late /></Suspense>);
  expect(screen.getByText("waiting")).toBeVisible();
  expect(await screen.findByText("late")).toBeVisible();
});
