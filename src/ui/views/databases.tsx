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
import type { DatabaseColumns } from '../worker/messages.js';
import { Database } from './database.js';

/** The places of the databases whose name contains a text, in the columns. */
function placesOf(names: readonly string[], lowerCased: readonly string[], find: string): readonly number[] {
  const wanted = find.toLowerCase();
  const places: number[] = [];
  for (let at = 0; at < names.length; at++) if (lowerCased[at]?.includes(wanted)) places.push(at);
  return places;
}

const none: readonly string[] = [];

export interface DatabasesProps {
  readonly cluster: string;
  readonly database?: string | undefined;
  readonly find?: string | undefined;
}

/** What is in the metadata: databases. All of them are at hand, so that searching and scrolling ask for nothing. */
export function Databases({ cluster, database, find = '' }: DatabasesProps) {
  const { version, epoch = '' } = clusterNamed(cluster) ?? {};
  const isReadable = may('metadata') && version !== undefined;
  const { result, error, retry } = useCall('databases', isReadable ? { cluster, epoch, version } : undefined);
  const { names = none } = result ?? {};
  const lowerCased = useMemo(() => names.map((name) => name.toLowerCase()), [names]);
  const rows = useMemo(() => placesOf(names, lowerCased, find), [names, lowerCased, find]);
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
                ? `${countText(names.length)} ${names.length === 1 ? 'database' : 'databases'}`
                : `${countText(rows.length)} of ${countText(names.length)} databases`}
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
            columns={columnsOf(result, cluster, find)}
            rows={rows}
            keyOf={(at) => names[at] ?? ''}
            onOpen={(at) => go({ view: 'databases', cluster, database: names[at], find })}
            isOpen={(at) => names[at] === database}
            empty={find === '' ? 'No databases.' : 'No database matches.'}
            cardLines={4}
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

const columnsOf = (
  { names, policyNames, defaultPolicies, policies, queries }: DatabaseColumns,
  cluster: string,
  find: string,
): readonly Column<number>[] => {
  const nameOf = (at: number) => names[at] ?? '';
  const defaultOf = (at: number) => policyNames[defaultPolicies[at] ?? 0] ?? '';
  return [
    {
      title: 'Database',
      class: 'wide',
      cell: (at) => (
        <a href={hrefOf({ view: 'databases', cluster, database: nameOf(at), find })}>
          <Name text={nameOf(at)} />
        </a>
      ),
    },
    {
      title: 'Default policy',
      cell: (at) => (defaultOf(at) === '' ? 'none' : <Name text={defaultOf(at)} />),
    },
    { title: 'Policies', class: 'number', cell: (at) => countText(policies[at] ?? 0) },
    { title: 'Queries', class: 'number', cell: (at) => countText(queries[at] ?? 0) },
    {
      title: 'Last change',
      cell: (at) => <BlameCell cluster={cluster} item={{ kind: 'database', name: nameOf(at) }} />,
    },
  ];
};
