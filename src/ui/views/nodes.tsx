import { useSignal } from '@preact/signals';
import { quoted } from '../model/commands.js';
import { type Condition, lagText } from '../model/node-condition.js';
import { agoText, countText, spanText } from '../model/spans.js';
import { ConditionMark } from '../parts/condition-mark.js';
import { CopyCommand } from '../parts/copy-command.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { FindField } from '../parts/find-field.js';
import { Name } from '../parts/name.js';
import { VersionOf } from '../parts/version-of.js';
import { type JudgedNode, judgedOf } from '../state/conditions.js';
import { clusterNamed } from '../state/fleet.js';
import { go, hrefOf, refine } from '../state/route.js';
import { NodeDetails } from './node-details.js';

const filters: readonly { readonly name: string; readonly holds: (node: JudgedNode) => boolean }[] = [
  { name: 'all', holds: () => true },
  ...(
    ['behind', 'silent', 'server down', 'duplicate', 'findings', 'unknown', 'left'] satisfies Condition[]
  ).map((condition) => ({
    name: condition,
    holds: ({ found }: JudgedNode) => found.condition === condition,
  })),
];

export interface NodesProps {
  readonly cluster: string;
  readonly state?: string | undefined;
  readonly find?: string | undefined;
}

/** Who has which version? */
export function Nodes({ cluster, state = 'all', find = '' }: NodesProps) {
  const opened = useSignal<number | undefined>(undefined);
  const nodes = judgedOf(cluster);
  const newest = clusterNamed(cluster)?.version;
  const filter = filters.find(({ name }) => name === state) ?? filters[0];
  const rows = nodes.filter((each) => filter?.holds(each) && matches(each, find)).toSorted(worstFirst);
  const shown = nodes.find(({ node }) => node.id === opened.value);
  return (
    <section aria-label="Nodes">
      <div class="tools">
        <nav class="chips" aria-label="Nodes by state">
          {filters.map(({ name, holds }) => {
            const count = nodes.filter(holds).length;
            if (count === 0 && name !== 'all' && name !== state) return null;
            return (
              <a
                key={name}
                href={hrefOf({ view: 'nodes', cluster, state: name === 'all' ? undefined : name, find })}
                aria-current={name === filter?.name ? 'true' : undefined}
              >
                {name} {countText(count)}
              </a>
            );
          })}
        </nav>
        <FindField
          label="Find nodes"
          value={find}
          onInput={(text) =>
            refine({ view: 'nodes', cluster, state: state === 'all' ? undefined : state, find: text })
          }
        />
      </div>
      <DataTable
        label="Nodes"
        columns={columnsFor(newest)}
        rows={rows}
        keyOf={({ node }) => node.id}
        onOpen={({ node }) => {
          opened.value = node.id;
        }}
        isOpen={({ node }) => node.id === opened.value}
        empty={nodes.length === 0 ? <FirstNode cluster={cluster} /> : 'No node matches.'}
        cardLines={5}
      />
      <CopyCommand name="nodes" args={[cluster]} />
      {shown !== undefined && (
        <NodeDetails
          cluster={cluster}
          judged={shown}
          newest={newest}
          onClose={() => {
            opened.value = undefined;
          }}
        />
      )}
    </section>
  );
}

const order: readonly Condition[] = [
  'duplicate',
  'server down',
  'silent',
  'behind',
  'findings',
  'unknown',
  'up to date',
  'left',
];

const worstFirst = (a: JudgedNode, b: JudgedNode): number =>
  order.indexOf(a.found.condition) - order.indexOf(b.found.condition) || a.node.id - b.node.id;

function matches({ node }: JudgedNode, find: string): boolean {
  if (find === '') return true;
  const wanted = find.toLowerCase();
  const texts = [String(node.id), node.hostname, node.bindAddress, node.ip];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

const columnsFor = (newest: number | undefined): readonly Column<JudgedNode>[] => [
  { title: 'State', class: 'plain', cell: ({ found }) => <ConditionMark kind={found.condition} /> },
  {
    title: 'Node',
    class: 'wide',
    cell: ({ node }) => (
      <>
        <span class="number">{node.id}</span> <Name text={node.hostname} />
      </>
    ),
  },
  { title: 'Version', cell: ({ found }) => <VersionOf version={found.version} newest={newest} /> },
  { title: 'Behind', cell: ({ found }) => <Behind found={found} /> },
  { title: 'Server', cell: (judged) => <ServerOf judged={judged} /> },
  {
    title: 'Last seen',
    cell: ({ node }) =>
      node.lastSeen === undefined ? <span class="nothing">-</span> : agoText(node.lastSeen),
  },
];

function Behind({ found }: { readonly found: JudgedNode['found'] }) {
  const lag = lagText(found);
  if (lag === '') return <span class="nothing">-</span>;
  return <>{found.since === undefined ? lag : `${lag}, ${spanText(found.since)}`}</>;
}

/** In words: what the agent of the node reports of its server. */
function ServerOf({ judged: { node } }: { readonly judged: JudgedNode }) {
  const { report, kind } = node;
  if (kind === 'legacy') return <span class="fine">legacy client</span>;
  if (report === undefined) return <span class="nothing">-</span>;
  if (!report.influxdb.reachable) return <>down</>;
  const counts = (['pending', 'refused', 'unmanaged', 'unverified'] as const).flatMap((name) =>
    report[name] > 0 ? [`${countText(report[name])} ${name}`] : [],
  );
  return <>{counts.length === 0 ? 'in sync' : counts.join(', ')}</>;
}

function FirstNode({ cluster }: { readonly cluster: string }) {
  return (
    <>
      <p>This cluster has no nodes. Next to an InfluxDB server, start an agent:</p>
      <CopyCommand name="agent" flags={[`--cluster ${quoted(cluster)}`, '--data /var/lib/cflux']} />
      <p>
        <button type="button" onClick={() => go({ view: 'overview' })}>
          All clusters
        </button>
      </p>
    </>
  );
}
