import { countText } from '../model/spans.js';
import { judgedOf } from '../state/conditions.js';
import { hrefOf } from '../state/route.js';

const mostDots = 24;
const mostNamed = 3;

/** The nodes that stand at a version: a dot for each, and the names of few. */
export function Rail({ cluster, version }: { readonly cluster: string; readonly version: number }) {
  const nodes = judgedOf(cluster).filter(({ node, found }) => node.alive && found.version === version);
  if (nodes.length === 0) return null;
  const named = nodes.slice(0, mostNamed).map(({ node }) => node.id);
  const label = `${countText(nodes.length)} ${nodes.length === 1 ? 'node' : 'nodes'} at this version`;
  const dots = Math.min(nodes.length, mostDots);
  return (
    <p class="stand">
      <svg role="img" aria-label={label} viewBox={`0 0 ${dots * 10} 10`} width={dots * 10} height={10}>
        <title>{label}</title>
        {Array.from({ length: dots }, (_, at) => (
          <circle key={at} cx={at * 10 + 5} cy={5} r={3.5} class="some" />
        ))}
      </svg>
      <span class="fine">
        {nodes.length <= mostNamed
          ? named.map((id, at) => (
              <span key={id}>
                {at > 0 && ', '}
                <a href={hrefOf({ view: 'nodes', cluster, find: String(id) })}>node {id}</a>
              </span>
            ))
          : label}
      </span>
    </p>
  );
}
