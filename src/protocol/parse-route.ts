import type { Route } from './routes.js';
import { parseVersion } from './version.js';

/**
 * The route of a request line; `undefined` where there is none.
 *
 * The client of 2016 writes a space as `+` in some of its paths and not in others, so a plus is a space only there.
 *
 * @param target the request target as it was sent; a query is ignored. Dot segments are names like others.
 * @throws URIError where a name is not percent-encoded UTF-8.
 */
export function parseRoute(method: string, target: string): Route | undefined {
  const [root, first, ...segments] = pathOf(target).split('/');
  if (root !== '') return undefined;
  if (first === 'nodes') return nodeRoute(method, segments);
  if (first === 'clusters') return clusterRoute(method, segments);
  return method === 'GET' && segments.length === 0 ? watchRoutes.get(first ?? '') : undefined;
}

/** The path of a request target, also of one that names the server, as proxies are sent. */
function pathOf(target: string): string {
  const path = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

const watchRoutes: ReadonlyMap<string, Route> = new Map([
  ['health', { name: 'health' }],
  ['ready', { name: 'ready' }],
  ['metrics', { name: 'metrics' }],
]);

function nodeRoute(method: string, [cluster, id, ...rest]: readonly string[]): Route | undefined {
  if (rest.length > 0) return undefined;
  if (cluster === undefined) return method === 'GET' ? { name: 'listAll' } : undefined;
  if (id === undefined) {
    if (method === 'GET') return { name: 'listNodes', cluster: decodePlus(cluster) };
    return method === 'POST' ? { name: 'register', cluster: decodeURIComponent(cluster) } : undefined;
  }
  const nodeId = parseVersion(id);
  if (nodeId === undefined) return undefined;
  if (method === 'PUT') return { name: 'heartbeat', cluster: decodeURIComponent(cluster), nodeId };
  return method === 'DELETE'
    ? { name: 'deregister', cluster: decodeURIComponent(cluster), nodeId }
    : undefined;
}

function clusterRoute(method: string, segments: readonly string[]): Route | undefined {
  const [encoded, kind, digits, ...rest] = segments;
  if (rest.length > 0) return undefined;
  if (encoded === undefined) return method === 'GET' ? { name: 'listClusters' } : undefined;
  const cluster = decodePlus(encoded);
  if (kind === undefined) return method === 'DELETE' ? { name: 'deleteCluster', cluster } : undefined;
  if (kind === 'history' && digits === undefined) {
    return method === 'GET' ? { name: 'history', cluster } : undefined;
  }
  const version = parseVersion(digits);
  if (version === undefined) return undefined;
  if (kind === 'history') return method === 'GET' ? { name: 'readVersion', cluster, version } : undefined;
  if (kind !== 'versions') return undefined;
  if (method === 'POST') return { name: 'push', cluster, version };
  return method === 'GET' ? { name: 'poll', cluster, version } : undefined;
}

const decodePlus = (segment: string) => decodeURIComponent(segment.replaceAll('+', ' '));
