/**
 * Around what floats, Base UI puts stops for the Tab key that are hidden from screen readers but take the focus: WCAG 4.1.2
 * and 1.3.1 know no such thing. Where Tab simply closes (a menu), they need not be stops. A ref for the element around them.
 */
export function quietGuards(root: HTMLElement | null): (() => void) | undefined {
  if (!root) return;
  const quiet = () => {
    for (const guard of root.querySelectorAll<HTMLElement>("[data-base-ui-focus-guard]")) guard.tabIndex = -1;
  };
  quiet();
  const watch = new MutationObserver(quiet);
  watch.observe(root, { childList: true, subtree: true });
  return () => watch.disconnect();
}
