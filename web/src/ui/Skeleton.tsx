const ROWS = [[110, 82, 44], [140, 64], [96, 90, 88, 30], [120, 56], [104, 74, 38], [132, 48]] as const;

/** History that is on its way: plausible heights, perfectly still. */
export function MessageSkeleton({ rows = ROWS.length }: { rows?: number }) {
  return (
    <div aria-hidden>
      {ROWS.slice(0, rows).map(([name, ...lines]) => (
        <div className="sk" key={name}>
          <i className="c" />
          <span>
            <i style={{ width: `${name}px` }} />
            {lines.map((line) => (
              <i key={line} style={{ width: `${line}%` }} />
            ))}
          </span>
        </div>
      ))}
    </div>
  );
}

export function RowSkeleton({ rows }: { rows: number }) {
  return (
    <div aria-hidden>
      {Array.from({ length: rows }, (_, row) => (
        <div className="sk-row" key={row}>
          <i className="c" />
          <i style={{ width: `${[48, 62, 40, 55][row % 4]}%` }} />
        </div>
      ))}
    </div>
  );
}
