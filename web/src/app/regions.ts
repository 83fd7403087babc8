/** F6 walks the landmarks in the order of the page; each remembers nothing, focus goes to its first stop. */
export const REGIONS = "[data-region]";

const STOPS = 'a[href], button:not([disabled]), input, textarea, [contenteditable="true"], [tabindex="0"]';

export function cycleRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>(REGIONS)].filter((region) => region.offsetParent !== null || region.getClientRects().length > 0);
  const at = regions.findIndex((region) => region.contains(document.activeElement));
  const next = regions[(at + step + regions.length) % regions.length];
  if (next) (preferredStop(next) ?? next).focus();
}

function preferredStop(region: HTMLElement): HTMLElement | null {
  if (region.matches("[data-region-focus]")) return region;
  return region.querySelector<HTMLElement>("[data-region-focus]") ?? region.querySelector<HTMLElement>('[data-roving][tabindex="0"]') ?? region.querySelector<HTMLElement>(STOPS);
}
