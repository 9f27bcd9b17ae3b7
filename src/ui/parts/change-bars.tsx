import { activity } from '../state/activity.js';
import { ageOf } from '../state/clock.js';

const bars = 12;
const width = 300_000;

/** How often a cluster changed in the last hour, as far as the manager's record reaches: one bar for five minutes. */
export function ChangeBars({ cluster }: { readonly cluster: string }) {
  const counts = Array.from({ length: bars }, () => 0);
  for (const entry of activity.value) {
    if (entry.cluster !== cluster || entry.action !== 'push') continue;
    const bar = bars - 1 - Math.floor(ageOf(entry.at) / width);
    if (bar >= 0) counts[bar] = (counts[bar] ?? 0) + 1;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const highest = Math.max(1, ...counts);
  const label = `${total} ${total === 1 ? 'change' : 'changes'} in the last hour`;
  return (
    <span class="change-bars">
      <svg viewBox={`0 0 ${bars * 6} 18`} role="img" aria-label={label} width={bars * 6} height={18}>
        <title>{label}</title>
        {counts.map((count, bar) => {
          const height = count === 0 ? 1 : 3 + (15 * count) / highest;
          return (
            <rect
              key={bar}
              x={bar * 6}
              y={18 - height}
              width={4}
              height={height}
              class={count === 0 ? 'none' : 'some'}
            />
          );
        })}
      </svg>
      <span class="number">{total}</span>
    </span>
  );
}
