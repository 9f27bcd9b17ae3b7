import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { Action, ActivityEntry } from '../../protocol/activity.js';
import { ClusterLink } from '../parts/cluster-link.js';
import { CopyCommand } from '../parts/copy-command.js';
import { type Column, DataTable } from '../parts/data-table.js';
import { Name } from '../parts/name.js';
import { Time } from '../parts/time.js';
import { useHeld } from '../parts/use-held.js';
import { activity } from '../state/activity.js';
import { fleet } from '../state/fleet.js';
import { go, hrefOf } from '../state/route.js';

/** What changed lately, by whom, in all clusters or one. */
export function ActivityView({ cluster }: { readonly cluster?: string | undefined }) {
  const isPaused = useSignal(false);
  const atPause = useRef<readonly ActivityEntry[]>([]);
  if (!isPaused.value) atPause.current = activity.value;
  const rows = atPause.current.filter((entry) => cluster === undefined || entry.cluster === cluster);
  const { held, release, count } = useHeld(rows, ({ seq }) => seq);
  return (
    <section aria-labelledby="activity-title">
      <h1 id="activity-title">Activity</h1>
      <div class="tools">
        <label>
          Cluster{' '}
          <select
            value={cluster ?? ''}
            onChange={({ currentTarget }) =>
              go({ view: 'activity', cluster: currentTarget.value === '' ? undefined : currentTarget.value })
            }
          >
            <option value="">all</option>
            {(fleet.value?.clusters ?? []).map((each) => (
              <option key={each.cluster} value={each.cluster}>
                {each.cluster}
              </option>
            ))}
          </select>
        </label>
        <span class="actions">
          {count > 0 && (
            <button type="button" class="new-rows" onClick={release}>
              {count} new
            </button>
          )}
          <button
            type="button"
            aria-pressed={isPaused.value}
            onClick={() => {
              isPaused.value = !isPaused.value;
            }}
          >
            {isPaused.value ? 'Resume' : 'Pause'}
          </button>
        </span>
      </div>
      <div {...held.events}>
        <DataTable
          label="Activity, newest first"
          columns={columns}
          rows={held.rows}
          keyOf={({ seq }) => seq}
          empty="Nothing changed since the manager started."
          cardLines={4}
        />
      </div>
      {cluster === undefined ? (
        <CopyCommand name="status" about="The last change of each cluster:" />
      ) : (
        <CopyCommand name="history" args={[cluster]} about="The versions that are kept:" />
      )}
    </section>
  );
}

const words: Readonly<Record<Action, string>> = {
  push: 'pushed a version',
  register: 'node registered',
  'update-node': 'node changed its description',
  deregister: 'node removed',
  'delete-cluster': 'cluster deleted',
  'order-drop': 'drop ordered',
  'revoke-drops': 'drop orders revoked',
  'confirm-drops': 'drop confirmed for all',
};

const columns: readonly Column<ActivityEntry>[] = [
  { title: 'Time', class: 'wide', cell: ({ at }) => <Time at={at} both /> },
  { title: 'What', class: 'plain', cell: ({ action }) => words[action] },
  {
    title: 'Cluster',
    cell: ({ cluster }) => <ClusterLink cluster={cluster} />,
  },
  {
    title: 'Version',
    cell: ({ cluster, version }) =>
      version === undefined ? (
        <span class="nothing">-</span>
      ) : (
        <a class="number" href={hrefOf({ view: 'history', cluster })}>
          {version}
        </a>
      ),
  },
  { title: 'By', cell: ({ author, nodeId }) => <ByWhom author={author} nodeId={nodeId} /> },
];

function ByWhom({ author, nodeId }: Pick<ActivityEntry, 'author' | 'nodeId'>) {
  if (author !== undefined)
    return (
      <>
        <Name text={author} />
        {nodeId !== undefined && <span class="fine">, node {nodeId}</span>}
      </>
    );
  return nodeId === undefined ? <span class="nothing">-</span> : <>node {nodeId}</>;
}
