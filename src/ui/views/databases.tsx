import { useMemo } from 'preact/hooks';
import { countText } from '../model/spans.js';
import { BlameCell } from '../parts/blame-cell.js';
import { CopyCommand } from '../parts/copy-command.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Failure } from '../parts/failure.js';
import { FindField } from '../parts/find-field.js';
import { Loading } from '../parts/loading.js';
import { Name } from '../parts/name.js';
import { NeedsMetadata } from '../parts/needs-metadata.js';
import { clusterNamed } from '../state/fleet.js';
import { useCall } from '../state/metadata.js';
import { go, hrefOf, refine } from '../state/route.js';
import { may } from '../state/session.js';
import type { DatabasesPage } from '../worker/messages.js';
import { Database } from './database.js';

interface DatabaseRow {
  readonly name: string;
  readonly defaultPolicy: string;
  readonly policies: number;
  readonly queries: number;
}

const rowsOf = ({ names, defaultPolicies, policies, queries }: DatabasesPage): readonly DatabaseRow[] =>
  names.map((name, at) => ({
    name,
    defaultPolicy: defaultPolicies[at] ?? '',
    policies: policies[at] ?? 0,
    queries: queries[at] ?? 0,
  }));

export interface DatabasesProps {
  readonly cluster: string;
  readonly database?: string | undefined;
  readonly find?: string | undefined;
}

/** What is in the metadata: databases. All rows of a search are at hand, so that scrolling asks for nothing. */
export function Databases({ cluster, database, find = '' }: DatabasesProps) {
  const { version, epoch = '' } = clusterNamed(cluster) ?? {};
  const isReadable = may('metadata') && version !== undefined;
  const { result, error, retry } = useCall(
    'databases',
    isReadable ? { cluster, epoch, version, find } : undefined,
  );
  const rows = useMemo(() => (result === undefined ? [] : rowsOf(result)), [result]);
  if (!may('metadata')) return <NeedsMetadata />;
  if (version === undefined) return <div class="empty">This cluster has no data yet.</div>;
  return (
    <section aria-label="Databases" class={database === undefined ? undefined : 'beside'}>
      <div>
        <div class="tools">
          <p class="fine" role="status">
            {result === undefined
              ? ''
              : find === ''
                ? `${countText(result.total)} databases`
                : `${countText(result.names.length)} of ${countText(result.total)} databases`}
          </p>
          <FindField
            label="Find databases"
            value={find}
            onInput={(text) => refine({ view: 'databases', cluster, database, find: text })}
          />
        </div>
        {error !== undefined && <Failure error={error} onRetry={retry} />}
        {result === undefined && error === undefined && <Loading what="the databases" />}
        {result !== undefined && (
          <DataTable
            label="Databases"
            columns={columnsOf(cluster, find)}
            rows={rows}
            keyOf={({ name }) => name}
            onOpen={({ name }) => go({ view: 'databases', cluster, database: name, find })}
            isOpen={({ name }) => name === database}
            empty={find === '' ? 'No databases.' : 'No database matches.'}
            cardLines={3}
          />
        )}
        <CopyCommand name="show" args={[cluster, version]} />
      </div>
      {database !== undefined && (
        <Database cluster={cluster} epoch={epoch} version={version} name={database} />
      )}
    </section>
  );
}

const columnsOf = (cluster: string, find: string): readonly Column<DatabaseRow>[] => [
  {
    title: 'Database',
    class: 'wide',
    cell: ({ name }) => (
      <a href={hrefOf({ view: 'databases', cluster, database: name, find })}>
        <Name text={name} />
      </a>
    ),
  },
  {
    title: 'Default policy',
    cell: ({ defaultPolicy }) => (defaultPolicy === '' ? 'none' : <Name text={defaultPolicy} />),
  },
  { title: 'Policies', class: 'number', cell: ({ policies }) => countText(policies) },
  { title: 'Queries', class: 'number', cell: ({ queries }) => countText(queries) },
  {
    title: 'Last change',
    cell: ({ name }) => <BlameCell cluster={cluster} item={{ kind: 'database', name }} />,
  },
];
