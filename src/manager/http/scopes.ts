import type { Route } from '../../protocol/routes.js';

/** All scopes, the smallest first. */
export const scopes = ['read', 'metadata', 'write', 'node', 'admin'] as const;

/**
 * A permission of a token. `read`: nodes, reports, lists of clusters and versions, metrics. `metadata`: also snapshots, which contain
 * password hashes. `write`: also pushes. `node`: what a node does in its cluster (register, heartbeat, report, poll, push, list nodes).
 * `admin`: everything.
 */
export type Scope = (typeof scopes)[number];

/** The scopes that permit a route, the smallest first; a route without scopes is public. */
export const permitting: Readonly<Record<Route['name'], readonly Scope[]>> = {
  health: [],
  ready: [],
  ui: [],
  whoami: scopes,
  status: ['read', 'metadata', 'write', 'admin'],
  activity: ['read', 'metadata', 'write', 'admin'],
  listNodes: ['read', 'metadata', 'write', 'node', 'admin'],
  listAll: ['read', 'metadata', 'write', 'admin'],
  listClusters: ['read', 'metadata', 'write', 'admin'],
  history: ['read', 'metadata', 'write', 'admin'],
  metrics: ['read', 'metadata', 'write', 'admin'],
  poll: ['metadata', 'write', 'node', 'admin'],
  readVersion: ['metadata', 'write', 'admin'],
  push: ['write', 'node', 'admin'],
  dropOrders: ['write', 'node', 'admin'],
  patch: ['write', 'node', 'admin'],
  register: ['node', 'admin'],
  heartbeat: ['node', 'admin'],
  report: ['node', 'admin'],
  deregister: ['node', 'admin'],
  deleteCluster: ['admin'],
};

/** Returns why a token is refused that has none of `oneOf`, and what to do: `lacks the scope …: …`. */
export function missingScope(oneOf: readonly Scope[]): string {
  const [smallest, ...larger] = oneOf;
  const why = smallest === 'metadata' ? ', which snapshots require because they contain password hashes' : '';
  const others =
    larger.length === 0 ? '' : ` (${larger.join(', ')} permit${larger.length === 1 ? 's' : ''} it too)`;
  return `lacks the scope ${smallest}${why}: use a token with the scope ${smallest}${others}`;
}
