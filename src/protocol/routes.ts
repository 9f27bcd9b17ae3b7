import { CfluxError } from '../errors.js';

/** The purpose of a request, according to its method and path. Names are percent-decoded; they may be any Unicode. */
export type Route =
  | { readonly name: 'register'; readonly cluster: string }
  | { readonly name: 'heartbeat'; readonly cluster: string; readonly nodeId: number }
  | { readonly name: 'deregister'; readonly cluster: string; readonly nodeId: number }
  | { readonly name: 'report'; readonly cluster: string; readonly nodeId: number }
  | { readonly name: 'listAll' }
  | { readonly name: 'listNodes'; readonly cluster: string }
  | { readonly name: 'push'; readonly cluster: string; readonly version: number }
  | { readonly name: 'poll'; readonly cluster: string; readonly version: number }
  | { readonly name: 'dropOrders'; readonly cluster: string }
  | { readonly name: 'patch'; readonly cluster: string; readonly version: number }
  // Additions for operators.
  | { readonly name: 'listClusters' }
  | { readonly name: 'history'; readonly cluster: string }
  | { readonly name: 'readVersion'; readonly cluster: string; readonly version: number }
  | { readonly name: 'deleteCluster'; readonly cluster: string }
  | { readonly name: 'health' }
  | { readonly name: 'ready' }
  | { readonly name: 'metrics' }
  // Additions for the dashboard.
  | { readonly name: 'whoami' }
  | { readonly name: 'status' }
  | { readonly name: 'activity'; readonly after: number }
  /** `file` is undefined for `/ui` itself, and empty for the page. */
  | { readonly name: 'ui'; readonly file: string | undefined };

/** Encodes a name as one step of a path. */
function name(text: string): string {
  // URLs drop a step of dots, however it is escaped, and the request would reach another route.
  if (/^\.{0,2}$/.test(text)) throw unfit(text);
  try {
    return encodeURIComponent(text);
  } catch (cause) {
    throw unfit(text, cause);
  }
}

const unfit = (text: string, cause?: unknown) =>
  new CfluxError('BAD_REQUEST', `invalid name ${JSON.stringify(text)}: it cannot be part of a URL`, {
    cause,
    outcome: 'notApplied',
  });

/** Paths of the API; `BAD_REQUEST` for a name that a URL cannot contain (empty, `.`, `..`). */
export const paths = {
  register: (cluster: string) => `/nodes/${name(cluster)}`,
  node: (cluster: string, nodeId: number) => `/nodes/${name(cluster)}/${nodeId}`,
  report: (cluster: string, nodeId: number) => `/nodes/${name(cluster)}/${nodeId}/report`,
  allNodes: () => '/nodes',
  nodes: (cluster: string) => `/nodes/${name(cluster)}`,
  version: (cluster: string, version: number) => `/clusters/${name(cluster)}/versions/${version}`,
  clusters: () => '/clusters',
  cluster: (cluster: string) => `/clusters/${name(cluster)}`,
  dropOrders: (cluster: string) => `/clusters/${name(cluster)}/drops`,
  history: (cluster: string) => `/clusters/${name(cluster)}/history`,
  whoami: () => '/whoami',
  status: () => '/status',
  activity: (after: number) => `/activity/${after}`,
  keptVersion: (cluster: string, version: number) => `/clusters/${name(cluster)}/history/${version}`,
} as const;
