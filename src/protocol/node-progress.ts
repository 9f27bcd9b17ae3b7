import type { NodeKind } from './nodes.js';

/** The progress that a node reports with a request. Older nodes send none of these fields. */
export interface NodeProgress {
  /** Random id of the process (`Cflux-Instance`). */
  readonly instance?: string | undefined;
  /** The history that the versions are of. */
  readonly epoch?: string | undefined;
  /** The version that the node holds; 0: none. */
  readonly version?: number | undefined;
  /** The last version that an agent's server was in sync with; 0 if none yet. */
  readonly applied?: number | undefined;
}

/** Returns the kind of a node: a legacy client names no instance, and only an agent an applied version. */
export function kindOf({ instance, applied }: NodeProgress): NodeKind {
  if (instance === undefined) return 'legacy';
  return applied === undefined ? 'library' : 'agent';
}
