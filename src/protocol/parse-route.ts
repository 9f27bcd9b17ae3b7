import { parseTarget } from './request-target.js';
import type { Route } from './routes.js';
import { parseVersion } from './version.js';

/**
 * Returns the route of a request line; `undefined` if there is none.
 *
 * The legacy client encodes a space as `+` in some of its paths and not in others, so a plus is a space only there.
 *
 * @param target the request target as sent; a query is ignored. Dot segments are ordinary names.
 * @throws URIError if a name is not percent-encoded UTF-8.
 */
export function parseRoute(method: string, target: string): Route | undefined {
  const parsed = parseTarget(target);
  if (parsed === undefined) return undefined;
  // The path begins with a slash: the first step is empty.
  const steps = parsed.path.split('/', 6);
  if (steps.length > 5) return undefined;
  if (steps[1] === 'nodes') return nodeRoute(method, steps);
  if (steps[1] === 'clusters') return clusterRoute(method, steps);
  // Probes and `curl -I` send HEAD.
  const isRead = method === 'GET' || method === 'HEAD';
  if (!isRead) return undefined;
  if (steps[1] === 'ui') return steps.length > 3 ? undefined : { name: 'ui', file: steps[2] };
  if (steps[1] === 'activity') return activityRoute(steps);
  return steps.length === 2 ? watchRoutes.get(steps[1] ?? '') : undefined;
}

const watchRoutes: ReadonlyMap<string, Route> = new Map([
  ['health', { name: 'health' }],
  ['ready', { name: 'ready' }],
  ['metrics', { name: 'metrics' }],
  ['whoami', { name: 'whoami' }],
  ['status', { name: 'status' }],
]);

/** `/activity/{after}`. */
function activityRoute([, , digits, ...more]: readonly string[]): Route | undefined {
  const after = parseVersion(digits);
  return after === undefined || more.length > 0 ? undefined : { name: 'activity', after };
}

/** `/nodes`, `/nodes/{cluster}`, `/nodes/{cluster}/{id}`, `/nodes/{cluster}/{id}/report`. */
function nodeRoute(method: string, steps: readonly string[]): Route | undefined {
  const [, , cluster, id, part] = steps;
  if (cluster === undefined) return method === 'GET' ? { name: 'listAll' } : undefined;
  if (id === undefined) {
    if (method === 'GET') return { name: 'listNodes', cluster: decodePlus(cluster) };
    return method === 'POST' ? { name: 'register', cluster: decode(cluster) } : undefined;
  }
  const nodeId = parseVersion(id);
  if (nodeId === undefined) return undefined;
  if (part !== undefined) {
    const isReport = method === 'PUT' && part === 'report';
    return isReport && cluster !== undefined
      ? { name: 'report', cluster: decode(cluster), nodeId }
      : undefined;
  }
  if (method === 'PUT') return { name: 'heartbeat', cluster: decode(cluster), nodeId };
  return method === 'DELETE' ? { name: 'deregister', cluster: decode(cluster), nodeId } : undefined;
}

/** `/clusters`, `/clusters/{cluster}`, `…/versions/{version}`, `…/history`, `…/history/{version}`, `…/drops`. */
function clusterRoute(method: string, steps: readonly string[]): Route | undefined {
  const [, , encoded, kind, digits] = steps;
  if (encoded === undefined) return method === 'GET' ? { name: 'listClusters' } : undefined;
  const cluster = decodePlus(encoded);
  if (kind === undefined) return method === 'DELETE' ? { name: 'deleteCluster', cluster } : undefined;
  if (kind === 'history' && digits === undefined) {
    return method === 'GET' ? { name: 'history', cluster } : undefined;
  }
  if (kind === 'drops' && digits === undefined) {
    return method === 'GET' ? { name: 'dropOrders', cluster } : undefined;
  }
  const version = parseVersion(digits);
  if (version === undefined) return undefined;
  if (kind === 'history') return method === 'GET' ? { name: 'readVersion', cluster, version } : undefined;
  if (kind !== 'versions') return undefined;
  if (method === 'POST') return { name: 'push', cluster, version };
  if (method === 'PATCH') return { name: 'patch', cluster, version };
  return method === 'GET' ? { name: 'poll', cluster, version } : undefined;
}

const decode = (step: string) => (step.includes('%') ? decodeURIComponent(step) : step);
const decodePlus = (step: string) => decode(step.replaceAll('+', ' '));
