import { countText } from '../model/spans.js';
import { BlameCell } from '../parts/blame-cell.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { Loading } from '../parts/loading.js';
import { Name } from '../parts/name.js';
import { useCall } from '../state/metadata.js';
import type { PolicyRow } from '../worker/messages.js';

export interface DatabaseProps {
  readonly cluster: string;
  readonly epoch: string;
  readonly version: number;
  readonly name: string;
}

/** One database: its retention policies, subscriptions and continuous queries. */
export function Database({ cluster, epoch, version, name }: DatabaseProps) {
  const { result, error, retry, isLoading } = useCall('database', { cluster, epoch, version, name });
  return (
    <article class="database">
      <h2>
        <Name text={name} />
      </h2>
      {error !== undefined && <Failure error={error} onRetry={retry} />}
      {result === undefined &&
        error === undefined &&
        (isLoading ? (
          <Loading what="the database" />
        ) : (
          <p class="empty">The cluster has no such database (any more).</p>
        ))}
      {result !== undefined && (
        <>
          <DataTable
            label="Retention policies"
            columns={columnsOf(cluster, name)}
            rows={result.policies}
            keyOf={(policy) => policy.name}
            empty="No retention policies."
            cardLines={4}
          />
          {result.policies.some(({ subscriptions }) => subscriptions.length > 0) && <h3>Subscriptions</h3>}
          {result.policies.flatMap((policy) =>
            policy.subscriptions.map((subscription) => (
              <p key={`${policy.name} ${subscription.name}`}>
                <Name text={subscription.name} /> on <Name text={policy.name} />:{' '}
                <Name text={subscription.mode} /> <Name text={subscription.destinations.join(', ')} />
              </p>
            )),
          )}
          {result.queries.length > 0 && <h3>Continuous queries</h3>}
          {result.queries.map((query) => (
            <details key={query.name}>
              <summary>
                <Name text={query.name} />
              </summary>
              <code class="query">
                <Name text={query.query} />
              </code>
            </details>
          ))}
        </>
      )}
    </article>
  );
}

const columnsOf = (cluster: string, database: string): readonly Column<PolicyRow>[] => [
  {
    title: 'Policy',
    class: 'wide',
    cell: ({ name, isDefault }) => (
      <>
        <Name text={name} /> {isDefault && <span class="tag">default</span>}
      </>
    ),
  },
  { title: 'Duration', cell: ({ duration }) => duration },
  { title: 'Shard', cell: ({ shardDuration }) => shardDuration },
  { title: 'Groups', class: 'number', cell: ({ shardGroups }) => countText(shardGroups) },
  { title: 'Subscr.', class: 'number', cell: ({ subscriptions }) => countText(subscriptions.length) },
  {
    title: 'Last change',
    cell: ({ name }) => <BlameCell cluster={cluster} item={{ kind: 'policy', database, name }} />,
  },
];
