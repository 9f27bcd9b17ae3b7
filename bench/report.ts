/** One measured figure beside its floor, measured in the same run: machines are shared and noisy, so the ratio counts. */
export interface Figure {
  /** What was measured, e.g. `durable commit at 10,000 databases`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the floor is, e.g. `the same system calls on the same bytes`. */
  readonly floorName?: string;
  readonly floor?: number;
  /** Highest (or, with `atLeast`, lowest) ratio of value to floor, or bare value where there is no floor, that we accept. */
  readonly target?: number;
  readonly atLeast?: boolean;
}

const figure = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** The number that is held against the target: value / floor, or the value itself. */
function compared(row: Figure): number {
  return row.floor === undefined ? row.value : row.value / row.floor;
}

function verdict(row: Figure): string {
  if (row.target === undefined) return '';
  const ok = row.atLeast ? compared(row) >= row.target : compared(row) <= row.target;
  return `${ok ? 'ok  ' : 'MISS'} ${row.atLeast ? '≥' : '≤'} ${figure(row.target)}`;
}

export function printFigures(rows: readonly Figure[]): void {
  for (const row of rows) {
    const floor =
      row.floor === undefined
        ? ''
        : `${figure(compared(row))} × ${figure(row.floor)} ${row.unit} (${row.floorName ?? 'floor'})`;
    console.log(`  ${row.name}: ${figure(row.value)} ${row.unit}${floor && ` = ${floor}`}  ${verdict(row)}`);
  }
}
