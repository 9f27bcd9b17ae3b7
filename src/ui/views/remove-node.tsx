import { useSignal } from '@preact/signals';
import type { NodeInfo } from '../../protocol/nodes.js';
import { readNodes } from '../../protocol/response-bodies.js';
import { paths } from '../../protocol/routes.js';
import { ApiError } from '../api/api-error.js';
import { CopyCommand } from '../parts/copy-command.js';
import { Failure } from '../parts/failure.js';
import { ask, askJson } from '../state/connection.js';
import { refreshFleet } from '../state/fleet.js';
import { notices } from '../state/notices.js';

export interface RemoveNodeProps {
  readonly cluster: string;
  readonly node: NodeInfo;
  readonly onRemoved: () => void;
}

/** Removes a node that is not alive from the list, after a second click. */
export function RemoveNode({ cluster, node, onRemoved }: RemoveNodeProps) {
  const step = useSignal<'offered' | 'asked' | 'sent'>('offered');
  const failure = useSignal<ApiError | undefined>(undefined);
  const remove = async () => {
    step.value = 'sent';
    failure.value = undefined;
    try {
      await checkGone(cluster, node.id);
      await ask(paths.node(cluster, node.id), { method: 'DELETE', expected: [404] });
      notices.add(`removed node ${node.id} of cluster ${JSON.stringify(cluster)}`);
      refreshFleet();
      onRemoved();
    } catch (cause) {
      failure.value = ApiError.from(cause);
      step.value = 'offered';
    }
  };
  return (
    <div class="danger-zone">
      {step.value === 'offered' ? (
        <button
          type="button"
          class="danger"
          onClick={() => {
            step.value = 'asked';
          }}
        >
          Remove…
        </button>
      ) : (
        <div role="group" aria-label="Remove the node">
          <p>
            Remove node {node.id} from the list? A process that still runs registers again, under another id.
          </p>
          <button
            type="button"
            onClick={() => {
              step.value = 'offered';
            }}
          >
            Cancel
          </button>{' '}
          <button type="button" class="danger" disabled={step.value === 'sent'} onClick={remove}>
            Remove node {node.id}
          </button>
        </div>
      )}
      {failure.value !== undefined && <Failure error={failure.value} onRetry={remove} />}
      <CopyCommand name="remove-node" args={[cluster, node.id]} />
    </div>
  );
}

/** What the page shows may be seconds old, and the manager lets a node that runs remove itself. @throws ApiError */
async function checkGone(cluster: string, id: number): Promise<void> {
  const nodes = await askJson(paths.nodes(cluster), readNodes);
  if (!nodes.some((each) => each.id === id && each.alive)) return;
  refreshFleet();
  throw new ApiError(`node ${id} is alive again: nothing was removed`, 0, 'NODE_ALIVE');
}
