import type { ListedCluster } from '../../protocol/operator-responses.js';
import type { Problem } from '../model/problems.js';
import { countText, rateText, sizeText } from '../model/spans.js';
import { Author } from '../parts/author.js';
import { ChangeBars } from '../parts/change-bars.js';
import { ClusterLink } from '../parts/cluster-link.js';
import { ConditionMark } from '../parts/condition-mark.js';
import { CopyCommand } from '../parts/copy-command.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Name } from '../parts/name.js';
import { Time } from '../parts/time.js';
import { judgedOf, problems } from '../state/conditions.js';
import { fleet, rates } from '../state/fleet.js';
import { go, hrefOf } from '../state/route.js';

/** Is anything wrong? */
export function Overview() {
  const known = fleet.value;
  if (known === undefined) return null;
  return (
    <>
      <h1 class="off-screen">Overview</h1>
      <Problems />
      <section aria-labelledby="clusters-title">
        <h2 id="clusters-title">Clusters</h2>
        <DataTable
          label="Clusters"
          columns={columns}
          rows={known.clusters}
          keyOf={({ cluster }) => cluster}
          onOpen={({ cluster }) => go({ view: 'nodes', cluster })}
          empty={<FirstSteps />}
          cardLines={5}
        />
        <CopyCommand name="status" />
      </section>
      <Totals />
    </>
  );
}

const columns: readonly Column<ListedCluster>[] = [
  {
    title: 'Cluster',
    class: 'wide',
    cell: ({ cluster }) => <ClusterLink cluster={cluster} />,
  },
  {
    title: 'Version',
    cell: ({ cluster, version }) =>
      version === undefined ? (
        'no data'
      ) : (
        <a href={hrefOf({ view: 'history', cluster })} class="number">
          {version}
        </a>
      ),
  },
  {
    title: 'Changed',
    cell: ({ at, author, nodeId }) =>
      at !== undefined && (
        <>
          <Time at={at} />
          <Author author={author} nodeId={nodeId} />
        </>
      ),
  },
  { title: 'Last hour', cell: ({ cluster }) => <ChangeBars cluster={cluster} /> },
  { title: 'Alive', class: 'number', cell: ({ alive, nodes }) => `${countText(alive)}/${countText(nodes)}` },
  {
    title: 'At newest',
    class: 'number',
    cell: ({ cluster, nodes, version }) =>
      version === undefined ? '-' : `${countText(atNewest(cluster, version))}/${countText(nodes)}`,
  },
  { title: 'Size', class: 'number', cell: ({ size }) => size !== undefined && sizeText(size) },
];

const atNewest = (cluster: string, newest: number): number =>
  judgedOf(cluster).filter(({ node, found }) => node.alive && found.version === newest).length;

const mostShown = 50;

function Problems() {
  const all = problems.value;
  return (
    <section aria-labelledby="problems-title">
      <h2 id="problems-title">Problems</h2>
      {all.length === 0 ? (
        <p class="good-news">
          <ConditionMark kind="up to date" /> No problems found.
        </p>
      ) : (
        <ul class="problems" aria-label="Problems, worst first">
          {all.slice(0, mostShown).map((problem) => (
            <li key={`${problem.kind} ${problem.cluster} ${problem.node?.id}`}>
              <ProblemLine problem={problem} />
            </li>
          ))}
        </ul>
      )}
      {all.length > mostShown && (
        <p class="fine">{countText(all.length - mostShown)} more; see the nodes of each cluster.</p>
      )}
    </section>
  );
}

function ProblemLine({ problem: { kind, cluster, node, text } }: { readonly problem: Problem }) {
  return (
    <>
      <ConditionMark kind={kind} />
      <span class="where">
        {cluster !== undefined && <Name text={cluster} />}
        {node !== undefined && (
          <>
            {' '}
            node {node.id} <Name text={node.hostname} />
          </>
        )}
      </span>
      <span class="what">
        <Name text={text} />
      </span>
      {cluster !== undefined && node !== undefined && (
        <a
          class="button"
          href={hrefOf({ view: 'nodes', cluster, find: String(node.id) })}
          aria-label={`Open node ${node.id}`}
        >
          Open
        </a>
      )}
    </>
  );
}

function Totals() {
  const known = fleet.value;
  if (known === undefined) return null;
  const { managers, status } = known;
  const { requests, errors } = rates.value ?? {};
  return (
    <dl class="totals" aria-label="Totals">
      <Total name="Managers" value={countText(managers.length)} />
      {status.heldPolls !== undefined && <Total name="Held polls" value={countText(status.heldPolls)} />}
      {requests !== undefined && <Total name="Requests" value={`${rateText(requests)}/s`} />}
      {errors !== undefined && <Total name="Errors" value={`${rateText(errors)}/s`} />}
      <Total name="Manager started" value={<Time at={status.manager.startedAt} />} />
      <Total name="cflux" value={status.manager.version} />
    </dl>
  );
}

function Total({ name, value }: { readonly name: string; readonly value: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function FirstSteps() {
  return (
    <>
      <p>
        No clusters yet: the first node that opens creates one. Next to an InfluxDB server, start an agent:
      </p>
      <CopyCommand name="agent" flags={['--data /var/lib/cflux']} />
    </>
  );
}
