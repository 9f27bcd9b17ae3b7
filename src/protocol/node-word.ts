import type { NodeKind } from './nodes.js';

/** What a node says of itself with a request. Each part is optional: an older node says none of it. */
export interface NodeWord {
  /** The process: another one after every start (`Cflux-Instance`). */
  readonly instance?: string | undefined;
  /** The history that the versions are of. */
  readonly epoch?: string | undefined;
  /** The version that the node holds; 0: none. */
  readonly version?: number | undefined;
  /** Of an agent's node: the version that its server was last seen to agree with; 0: none so far. */
  readonly applied?: number | undefined;
}

/** Returns the kind of a node: a legacy client names no instance, and only an agent an applied version. */
export function kindOf({ instance, applied }: NodeWord): NodeKind {
  if (instance === undefined) return 'legacy';
  return applied === undefined ? 'library' : 'agent';
}
