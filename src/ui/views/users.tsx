import { useSignal } from '@preact/signals';
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
import { refine } from '../state/route.js';
import { may } from '../state/session.js';
import type { UserRow } from '../worker/messages.js';

/** Users, and what each may effectively do in each database. */
export function Users({
  cluster,
  find = '',
}: {
  readonly cluster: string;
  readonly find?: string | undefined;
}) {
  const { version, epoch = '' } = clusterNamed(cluster) ?? {};
  const columns = useSignal('');
  const isReadable = may('metadata') && version !== undefined;
  const { result, error, retry } = useCall(
    'users',
    isReadable
      ? { cluster, epoch, version, find, columns: columns.value, offset: 0, limit: 100_000 }
      : undefined,
  );
  if (!may('metadata')) return <NeedsMetadata />;
  if (version === undefined) return <div class="empty">This cluster has no data yet.</div>;
  return (
    <section aria-label="Users">
      <div class="tools">
        <p class="fine" role="status">
          {result !== undefined &&
            `${partText(result.matching, result.total)} users, ${partText(result.columns.length, result.matchingColumns)} databases`}
        </p>
        <div class="actions">
          <FindField
            label="Find users"
            value={find}
            onInput={(text) => refine({ view: 'users', cluster, find: text })}
          />
          <label class="find columns">
            <span class="off-screen">Databases to show</span>
            <input
              type="search"
              placeholder="Databases to show"
              value={columns.value}
              onInput={({ currentTarget }) => {
                columns.value = currentTarget.value;
              }}
            />
          </label>
        </div>
      </div>
      {error !== undefined && <Failure error={error} onRetry={retry} />}
      {result === undefined && error === undefined && <Loading what="the users" />}
      {result !== undefined && (
        <div class="matrix">
          <DataTable
            label="Users and their effective rights"
            columns={columnsOf(cluster, result.columns)}
            rows={result.rows}
            keyOf={({ name }) => name}
            empty={
              result.total === 0
                ? 'No users: InfluxDB without authentication needs none.'
                : 'No user matches.'
            }
            isMatrix
          />
        </div>
      )}
      <CopyCommand name="show" args={[cluster, version]} />
    </section>
  );
}

const partText = (part: number, whole: number): string =>
  part === whole ? countText(whole) : `${countText(part)} of ${countText(whole)}`;

const columnsOf = (cluster: string, databases: readonly string[]): readonly Column<UserRow>[] => [
  {
    title: 'User',
    class: 'wide',
    cell: ({ name, admin }) => (
      <>
        <Name text={name} /> {admin && <span class="tag">admin</span>}
      </>
    ),
  },
  ...databases.map((title, at) => ({
    title,
    cell: ({ rights }: UserRow) => <span class={rights[at] === 'none' ? 'fine' : 'right'}>{rights[at]}</span>,
  })),
  { title: 'Last change', cell: ({ name }) => <BlameCell cluster={cluster} item={{ kind: 'user', name }} /> },
];
