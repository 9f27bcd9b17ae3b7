import type { ListedVersion } from '../../protocol/operator-responses.js';
import { spanText } from '../model/spans.js';
import { judgedOf } from '../state/conditions.js';

const height = 60;
const step = 22;

/** Pictures of the history: how many nodes stand at each version, and how long each version took to reach all. Oldest first. */
export function SpreadBars({
  cluster,
  versions,
}: {
  readonly cluster: string;
  readonly versions: readonly ListedVersion[];
}) {
  const ordered = versions.toReversed();
  const nodes = judgedOf(cluster).filter(({ node }) => node.alive);
  const counts = ordered.map(({ version }) => nodes.filter(({ found }) => found.version === version).length);
  const times = ordered.map(({ at, reachedAt }) =>
    reachedAt === undefined ? undefined : Math.max(0, reachedAt - at),
  );
  if (versions.length < 2) return null;
  return (
    <div class="pictures">
      <Bars title="Nodes at each version" values={counts} textOf={(count) => String(count)} />
      {times.some((time) => time !== undefined) && (
        <Bars title="Time to reach all nodes" values={times} textOf={(ms) => spanText(ms, true)} />
      )}
    </div>
  );
}

interface BarsProps {
  readonly title: string;
  /** Undefined: not known, or not yet. */
  readonly values: readonly (number | undefined)[];
  readonly textOf: (value: number) => string;
}

function Bars({ title, values, textOf }: BarsProps) {
  const highest = Math.max(1, ...values.map((value) => value ?? 0));
  const texts = values.map((value) => (value === undefined ? 'not known' : textOf(value)));
  const width = values.length * step;
  return (
    <figure>
      <figcaption>{title}, oldest first</figcaption>
      <svg
        role="img"
        aria-label={`${title}, oldest first: ${texts.join(', ')}`}
        viewBox={`0 0 ${width} ${height + 14}`}
        width={width}
        height={height + 14}
      >
        {values.map((value, at) => {
          const size = value === undefined ? 1 : 2 + ((height - 14) * value) / highest;
          return (
            <g key={at}>
              <rect
                x={at * step + 3}
                y={height - size}
                width={step - 6}
                height={size}
                class={value ? 'some' : 'none'}
              />
              <text x={at * step + step / 2} y={height + 11} text-anchor="middle">
                {value === undefined ? '-' : textOf(value).replace(' ', '')}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
