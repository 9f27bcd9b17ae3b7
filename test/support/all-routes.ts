import { retrySchedule } from '../../src/transport/retry-schedule.js';

/** A request for one route of a manager, and how long a client gives one attempt of it, in milliseconds. */
export interface RouteRequest {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly attemptLimit: number;
  /** The request could not have stored anything, or its storing had not started: the response must report that. */
  readonly certain: boolean;
}

/** What `cflux` gives a call of its own. */
const operatorLimit = 20_000;

/** Requests for every route that needs the store; `version` is the newest of cluster `c`, whose node is `nodeId`. */
export function allRoutes(version: number, nodeId: number): readonly RouteRequest[] {
  const limitOf = (call: 'heartbeat' | 'deregister' | 'nodes' | 'register' | 'push') =>
    retrySchedule(call, {}).attemptTimeout;
  const now = { prefer: 'wait=0' };
  const pollLimit = retrySchedule('poll', { wait: 0 }).attemptTimeout;
  const read = (name: string, path: string, attemptLimit = operatorLimit, headers = {}): RouteRequest => ({
    name,
    method: 'GET',
    path,
    headers,
    attemptLimit,
    certain: true,
  });
  const node = `/nodes/c/${nodeId}`;
  const [heartbeat, deregister] = [limitOf('heartbeat'), limitOf('deregister')];
  return [
    read('poll', `/clusters/c/versions/${version}`, pollLimit, now),
    read('poll of a cluster without data', '/clusters/new/versions/0', pollLimit, now),
    read('nodes', '/nodes/c', limitOf('nodes')),
    read('all nodes', '/nodes'),
    read('clusters', '/clusters'),
    read('history', '/clusters/c/history'),
    read('kept version', `/clusters/c/history/${version}`),
    read('ready', '/ready'),
    { name: 'heartbeat', method: 'PUT', path: node, attemptLimit: heartbeat, certain: false },
    { name: 'deregister', method: 'DELETE', path: node, attemptLimit: deregister, certain: false },
    {
      name: 'register',
      method: 'POST',
      path: '/nodes/c',
      body: '{"ip":"","hostname":"h","bindAddress":"h:1"}',
      attemptLimit: limitOf('register'),
      certain: false,
    },
    {
      name: 'push',
      method: 'POST',
      path: `/clusters/c/versions/${version}`,
      body: 'two',
      attemptLimit: limitOf('push'),
      certain: false,
    },
    {
      name: 'push to a cluster without data',
      method: 'POST',
      path: '/clusters/new/versions/0',
      body: 'one',
      attemptLimit: limitOf('push'),
      certain: true,
    },
    {
      name: 'delete',
      method: 'DELETE',
      path: '/clusters/c',
      attemptLimit: operatorLimit,
      certain: false,
    },
  ];
}

/** Sends it to the manager at `url`. */
export const sendRoute = (
  url: string,
  { method, path, body, headers = {} }: RouteRequest,
  signal?: AbortSignal,
) =>
  fetch(`${url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  });
