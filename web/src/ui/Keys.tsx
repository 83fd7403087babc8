/** "Ctrl+K" as key caps. */
export function Keys({ combination }: { combination: string }) {
  return (
    <span>
      {combination.split("+").map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
