import { useSignal } from '@preact/signals';
import { ApiError } from '../api/api-error.js';
import { countText } from '../model/spans.js';
import { CopyCommand } from '../parts/copy-command.js';
import { DifferenceLines } from '../parts/difference-lines.js';
import { Failure } from '../parts/failure.js';
import { Icon } from '../parts/icon.js';
import { Loading } from '../parts/loading.js';
import { Name } from '../parts/name.js';
import { Sheet } from '../parts/sheet.js';
import { isSafe } from '../state/actions.js';
import { judgedOf } from '../state/conditions.js';
import { clusterNamed, refreshFleet } from '../state/fleet.js';
import { call, useCall } from '../state/metadata.js';
import { notices } from '../state/notices.js';
import { go } from '../state/route.js';
import type { Preview } from '../worker/messages.js';

export interface RollbackProps {
  readonly cluster: string;
  readonly version: number;
  readonly onClose: () => void;
}

/** Shows what a rollback would change, and makes it after the reader typed the name of the cluster. */
export function Rollback({ cluster, version, onClose }: RollbackProps) {
  const epoch = clusterNamed(cluster)?.epoch ?? '';
  const preview = useCall('preview', { cluster, epoch, version });
  const typed = useSignal('');
  const step = useSignal<'open' | 'sent' | 'conflict'>('open');
  const failure = useSignal<ApiError | undefined>(undefined);
  const { result, error } = preview;
  const again = () => {
    step.value = 'open';
    failure.value = undefined;
    preview.retry();
  };
  const send = async (event: Event) => {
    event.preventDefault();
    if (result === undefined || typed.value !== cluster) return;
    step.value = 'sent';
    failure.value = undefined;
    try {
      const outcome = await call('rollback', { cluster, epoch, version, base: result.base });
      refreshFleet();
      if (outcome.kind === 'conflict') {
        typed.value = '';
        step.value = 'conflict';
        preview.retry();
        return;
      }
      notices.add(`version ${version} is current again, as version ${outcome.version}`);
      onClose();
      go({ view: 'history', cluster, from: result.base.version, to: outcome.version });
    } catch (cause) {
      failure.value = ApiError.from(cause);
      step.value = 'open';
    }
  };
  return (
    <Sheet title={`Roll back to ${version}`} onClose={onClose}>
      <p>Makes version {version} current again, as a new version. Shard ids are not set back.</p>
      {step.value === 'conflict' && (
        <p class="banner warn" role="alert">
          <Icon name="alarm" />
          <span>
            The cluster changed meanwhile: nothing was stored. This is the preview on the newest version.
          </span>
          <span />
        </p>
      )}
      {error !== undefined && <Failure error={error} onRetry={again} />}
      {result === undefined && error === undefined && <Loading what="the preview" />}
      {result !== undefined && (
        <form onSubmit={send}>
          <DifferenceLines lines={result.lines} label="What the rollback changes" />
          <Risk cluster={cluster} preview={result} />
          {result.refusal !== undefined && (
            <p class="failure" role="alert">
              <Icon name="cross" /> <Name text={`refused: ${result.refusal}`} />
            </p>
          )}
          {result.isSame ? (
            <p>Version {result.base.version} is the same already; nothing to do.</p>
          ) : (
            result.refusal === undefined && (
              <label class="confirm">
                Type{' '}
                <strong>
                  <Name text={cluster} />
                </strong>{' '}
                to confirm
                <input
                  value={typed.value}
                  autocomplete="off"
                  spellcheck={false}
                  onInput={({ currentTarget }) => {
                    typed.value = currentTarget.value;
                  }}
                />
              </label>
            )
          )}
          {failure.value !== undefined && <Failure error={failure.value} />}
          <p class="actions">
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            {!result.isSame && result.refusal === undefined && (
              <button
                type="submit"
                class="danger"
                disabled={
                  typed.value !== cluster || step.value === 'sent' || preview.isLoading || !isSafe.value
                }
              >
                Roll back
              </button>
            )}
          </p>
        </form>
      )}
      <CopyCommand
        name="rollback"
        args={[cluster, version]}
        flags={['--dry-run']}
        about="The same preview:"
      />
    </Sheet>
  );
}

/** The servers on which points would be dropped. */
function Risk({ cluster, preview: { dropped } }: { readonly cluster: string; readonly preview: Preview }) {
  if (dropped.length === 0) return null;
  const nodes = judgedOf(cluster).filter(({ node }) => node.report?.drops === true);
  const what = `${countText(dropped.length)} ${dropped.length === 1 ? 'database or policy goes' : 'databases and policies go'}`;
  if (nodes.length === 0)
    return (
      <p class="risk">
        <Icon name="note" /> {what}. No agent may drop points: the servers keep them.
      </p>
    );
  return (
    <div class="risk bad" role="alert">
      <p>
        <Icon name="alarm" /> <strong>Points at risk</strong> on {countText(nodes.length)}{' '}
        {nodes.length === 1 ? 'server' : 'servers'}: {what}, and the agents of these nodes may drop them with
        all points:
      </p>
      <ul>
        {nodes.map(({ node }) => (
          <li key={node.id}>
            node {node.id} <Name text={node.hostname} />
          </li>
        ))}
      </ul>
    </div>
  );
}
