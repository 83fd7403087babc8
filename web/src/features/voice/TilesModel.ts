const PHONE = 600;

/** Columns that make tiles of 16:9 as large as the box allows. */
export function columnsFor(count: number, width: number, height: number): number {
  if (count <= 1 || width <= 0 || height <= 0) return 1;
  if (width < PHONE) return count <= 2 ? 1 : count <= 8 ? 2 : 3;
  let best = 1;
  let bestArea = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const tile = { width: width / columns, height: height / rows };
    const fitted = Math.min(tile.width, (tile.height * 16) / 9);
    // Each empty place costs a little, so that seven people do not stand in four columns with a hole.
    // A letterbox of a tile shows little of a person.
    const wide = Math.min(1, 2 / (tile.width / tile.height));
    const area = fitted * fitted * wide * (1 - (columns * rows - count) * 0.02);
    if (area > bestArea) [best, bestArea] = [columns, area];
  }
  return best;
}

export const TILES_PER_PAGE = 25;

export function pageOf<Tile>(tiles: readonly Tile[], page: number): { shown: readonly Tile[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(tiles.length / TILES_PER_PAGE));
  const at = Math.min(Math.max(page, 0), pages - 1);
  return { shown: tiles.slice(at * TILES_PER_PAGE, (at + 1) * TILES_PER_PAGE), page: at, pages };
}
