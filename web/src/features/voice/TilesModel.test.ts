import { describe, expect, it } from "vitest";
import { columnsFor, pageOf } from "./TilesModel";

describe("columnsFor", () => {
  it("prefers 16:9 tiles", () => {
    expect(columnsFor(1, 1000, 700)).toBe(1);
    expect(columnsFor(2, 1000, 500)).toBe(2);
    expect(columnsFor(4, 1000, 600)).toBe(2);
    expect(columnsFor(6, 1000, 500)).toBe(3);
    expect(columnsFor(2, 380, 700)).toBe(1);
    expect(columnsFor(5, 380, 700)).toBe(2);
  });
  it("survives a box that was not measured yet", () => expect(columnsFor(3, 0, 0)).toBe(1));
});

describe("pageOf", () => {
  const tiles = Array.from({ length: 60 }, (_, index) => index);
  it("pages above twenty-five and stays inside", () => {
    expect(pageOf(tiles, 0)).toMatchObject({ pages: 3, page: 0 });
    expect(pageOf(tiles, 2).shown).toHaveLength(10);
    expect(pageOf(tiles, 9).page).toBe(2);
    expect(pageOf(tiles.slice(0, 25), 0).pages).toBe(1);
  });
});
