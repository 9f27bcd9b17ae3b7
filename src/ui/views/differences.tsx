import { useSignal } from '@preact/signals';
import type { ListedVersion } from '../../protocol/operator-responses.js';
import { countText } from '../model/spans.js';
import { CopyCommand } from '../parts/copy-command.js';
import { DifferenceLines } from '../parts/difference-lines.js';
import { Failure } from '../parts/failure.js';
import { Loading } from '../parts/loading.js';
import { isSafe } from '../state/actions.js';
import { clusterNamed } from '../state/fleet.js';
import { useCall } from '../state/metadata.js';
import { hrefOf } from '../state/route.js';
import { may } from '../state/session.js';
import { Rollback } from './rollback.js';

export interface DifferencesProps {
  readonly cluster: string;
  readonly from: number;
  readonly to: number;
  readonly kept: readonly ListedVersion[];
}

/** What changed between two versions: old on the left of every arrow. */
export function Differences({ cluster, from, to, kept }: DifferencesProps) {
  const listed = clusterNamed(cluster);
  const { result, error, retry } = useCall('differences', { cluster, epoch: listed?.epoch ?? '', from, to });
  const rolling = useSignal<number | undefined>(undefined);
  const candidates = [from, to].filter(
    (version) => version !== listed?.version && kept.some((each) => each.version === version),
  );
  return (
    <section aria-labelledby="differences-title" class="differences">
      <h2 id="differences-title">
        Old <span class="number">{from}</span> → new <span class="number">{to}</span>
      </h2>
      <p>
        <a href={hrefOf({ view: 'history', cluster, from: to, to: from })}>Swap</a>
        {result !== undefined && (
          <span class="fine">
            {' '}
            {countText(result.length)} {result.length === 1 ? 'line' : 'lines'}
          </span>
        )}
      </p>
      {error !== undefined && <Failure error={error} onRetry={retry} />}
      {result === undefined && error === undefined && <Loading what="the differences" />}
      {result !== undefined && <DifferenceLines lines={result} label="Differences" />}
      <CopyCommand name="diff" args={[cluster, from, to]} />
      {may('write') && isSafe.value && (
        <p class="actions">
          {candidates.map((version) => (
            <button
              key={version}
              type="button"
              onClick={() => {
                rolling.value = version;
              }}
            >
              Roll back to {version}…
            </button>
          ))}
        </p>
      )}
      {rolling.value !== undefined && (
        <Rollback
          cluster={cluster}
          version={rolling.value}
          onClose={() => {
            rolling.value = undefined;
          }}
        />
      )}
    </section>
  );
}
