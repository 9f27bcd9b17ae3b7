import type { JsonObject } from '../../json-object.js';
import type { NodeKind } from '../../protocol/nodes.js';
import type { KnownProgress } from './tracked-node.js';

/** The last progress of a node, stored with its record, so that the progress of a dead node outlives the manager. */
export interface StoredProgress {
  /** Milliseconds since 1970, by the manager's clock. */
  readonly at: number;
  readonly kind: NodeKind;
  readonly instance?: string | undefined;
  readonly epoch?: string | undefined;
  readonly held?: number | undefined;
  readonly applied?: number | undefined;
}

/** @param now milliseconds since 1970 */
export function storedProgressOf(
  { age = 0, kind, instance, epoch, held, applied }: KnownProgress,
  now: number,
): StoredProgress {
  return {
    at: Math.round(now - age),
    kind,
    ...(instance === undefined ? {} : { instance }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(held === undefined ? {} : { held: held.last }),
    ...(applied === undefined ? {} : { applied: applied.last }),
  };
}

/** @param now milliseconds since 1970 */
export function progressIn({ at, held, applied, ...rest }: StoredProgress, now: number): KnownProgress {
  return {
    ...rest,
    ...(held === undefined ? {} : { held: { highest: held, last: held } }),
    ...(applied === undefined ? {} : { applied: { highest: applied, last: applied } }),
    age: Math.max(0, now - at),
  };
}

const kinds: readonly unknown[] = ['agent', 'library', 'legacy'] satisfies readonly NodeKind[];
export const isNodeKind = (value: unknown): value is NodeKind => kinds.includes(value);

/** Reads a {@link StoredProgress} from its JSON. */
export function readStoredProgress(json: JsonObject): StoredProgress {
  return {
    at: json.integer('at'),
    kind: json.field('kind', isNodeKind, 'a kind of node'),
    instance: json.optionalText('instance'),
    epoch: json.optionalText('epoch'),
    held: json.optionalInteger('held'),
    applied: json.optionalInteger('applied'),
  };
}
