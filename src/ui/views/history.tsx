import { useSignal } from '@preact/signals';
import type { ListedVersion } from '../../protocol/operator-responses.js';
import { countText, sizeText, spanText } from '../model/spans.js';
import { Author } from '../parts/author.js';
import { CopyCommand } from '../parts/copy-command.js';
import { Failure } from '../parts/failure.js';
import { Loading } from '../parts/loading.js';
import { Rail } from '../parts/rail.js';
import { SpreadBars } from '../parts/spread-bars.js';
import { Time } from '../parts/time.js';
import { useHeld } from '../parts/use-held.js';
import { judgedOf } from '../state/conditions.js';
import { clusterNamed } from '../state/fleet.js';
import { historyOf, retryHistory } from '../state/histories.js';
import { useCall } from '../state/metadata.js';
import { go } from '../state/route.js';
import { may } from '../state/session.js';
import { Differences } from './differences.js';

export interface HistoryProps {
  readonly cluster: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What changed, by whom, and which nodes stand where. */
export function History({ cluster, from, to }: HistoryProps) {
  const known = historyOf(cluster);
  const { held, release, count } = useHeld(known?.versions ?? [], ({ version }) => version);
  if (clusterNamed(cluster)?.version === undefined)
    return <div class="empty">This cluster has no data yet: the first node that has some seeds it.</div>;
  if (known === undefined) return <Loading what="the history" />;
  const versions = held.rows;
  return (
    <section aria-label="History" {...held.events}>
      {known.error !== undefined && <Failure error={known.error} onRetry={() => retryHistory(cluster)} />}
      {count > 0 && (
        <button type="button" class="new-rows" onClick={release}>
          {count} new
        </button>
      )}
      <SpreadBars cluster={cluster} versions={versions} />
      <ol class="rail" aria-label="Kept versions, newest first">
        {versions.map((version, at) => (
          <Entry
            key={version.version}
            cluster={cluster}
            entry={version}
            older={versions[at + 1]}
            isNewest={version.version === clusterNamed(cluster)?.version}
            isOpen={version.version === to}
          />
        ))}
      </ol>
      <CopyCommand name="history" args={[cluster]} />
      {versions.length > 1 && may('metadata') && (
        <Compare cluster={cluster} versions={versions} from={from} to={to} />
      )}
      {versions.length > 1 && !may('metadata') && (
        <p class="fine">Differences need a token with the scope metadata.</p>
      )}
      {from !== undefined && to !== undefined && may('metadata') && (
        <Differences cluster={cluster} from={from} to={to} kept={versions} />
      )}
    </section>
  );
}

/** Some node that is alive does not have the newest version. */
const lacksSome = (cluster: string): boolean =>
  judgedOf(cluster).some(({ node, found }) => node.alive && found.lag !== undefined);

interface EntryProps {
  readonly cluster: string;
  readonly entry: ListedVersion;
  readonly older: ListedVersion | undefined;
  readonly isNewest: boolean;
  readonly isOpen: boolean;
}

function Entry({ cluster, entry, older, isNewest, isOpen }: EntryProps) {
  const { version, at, author, nodeId, size, reachedAt } = entry;
  const open = () => {
    if (older !== undefined && may('metadata'))
      go({ view: 'history', cluster, from: older.version, to: version });
  };
  const isOpener = older !== undefined && may('metadata');
  return (
    <li class={isOpen ? 'open' : undefined} data-row={version}>
      <div class="rail-head">
        {isOpener ? (
          <button
            type="button"
            class="quiet number"
            onClick={open}
            aria-label={`Version ${version}: show what changed`}
            data-open
          >
            {version}
          </button>
        ) : (
          <span class="number">{version}</span>
        )}
        {isNewest && <span class="tag">newest</span>}
        <span>
          <Time at={at} both />
          <Author author={author} nodeId={nodeId} />
        </span>
        <span class="fine">{sizeText(size)}</span>
        <span class="fine">
          {reachedAt !== undefined
            ? `reached all in ${spanText(Math.max(0, reachedAt - at), true)}`
            : isNewest && lacksSome(cluster) && 'not at all nodes yet'}
        </span>
      </div>
      {may('metadata') && older !== undefined && (
        <Summary cluster={cluster} from={older.version} to={version} />
      )}
      <Rail cluster={cluster} version={version} />
    </li>
  );
}

function Summary({
  cluster,
  from,
  to,
}: {
  readonly cluster: string;
  readonly from: number;
  readonly to: number;
}) {
  const epoch = clusterNamed(cluster)?.epoch ?? '';
  const { result, error } = useCall('summary', { cluster, epoch, from, to });
  if (error !== undefined) return <p class="fine">cannot be compared: {error.code}</p>;
  if (result === undefined) return <p class="summary fine">…</p>;
  return <p class="summary">{result.length === 0 ? 'nothing changed' : result.join(', ')}</p>;
}

interface CompareProps {
  readonly cluster: string;
  readonly versions: readonly ListedVersion[];
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Compares any two kept versions. */
function Compare({ cluster, versions, from, to }: CompareProps) {
  const chosen = useSignal({ from: from ?? versions[1]?.version ?? 0, to: to ?? versions[0]?.version ?? 0 });
  const select = (name: 'from' | 'to', label: string) => (
    <label>
      {label}{' '}
      <select
        value={String(chosen.value[name])}
        onChange={({ currentTarget }) => {
          chosen.value = { ...chosen.value, [name]: Number(currentTarget.value) };
        }}
      >
        {versions.map(({ version }) => (
          <option key={version} value={String(version)}>
            {version}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form
      class="compare"
      aria-label="Compare two versions"
      onSubmit={(event) => {
        event.preventDefault();
        go({ view: 'history', cluster, ...chosen.value });
      }}
    >
      {select('from', 'Old')} {select('to', 'New')}
      <button type="submit">Compare</button>
      <span class="fine">{countText(versions.length)} versions are kept</span>
    </form>
  );
}
