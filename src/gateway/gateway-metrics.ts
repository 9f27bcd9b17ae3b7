import type { Registry } from 'prom-client';
import type { MetricsRegistry } from '../client/observe/client-metrics.js';
import { promClient } from '../prom-client.js';
import type { GatewayEvents } from './gateway-events.js';

/** The part of a {@link Gateway} that is observed. */
export interface ObservedGateway {
  /** As of Gateway. */
  on<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (...payload: GatewayEvents[Name]) => void,
  ): unknown;
}

/** Options of {@link gatewayMetrics}. */
export interface GatewayMetricsOptions {
  /** A `Registry` of prom-client. Default: its global registry. */
  readonly registry?: MetricsRegistry;
}

/** Seconds: the gateway's own time is below a millisecond, unless it waits for a database of another gateway. */
const addedBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 0.3, 1, 5];
/** Seconds: a hash of InfluxDB takes about 65 ms. */
const bcryptBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1];
const waitBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 5];

/**
 * Adds the metrics of a gateway to a registry: `cflux_gateway_…`. Events are counted from now on. Call it once per registry.
 *
 * @throws CfluxError `MISSING_DEPENDENCY` without the package prom-client, which is loaded here
 * @example
 * ```ts
 * import { Registry } from 'prom-client';
 *
 * const gateway = await createGateway({ client, mirror, port: 0 });
 * const registry = new Registry();
 * await gatewayMetrics(gateway, { registry });
 * console.log(await registry.metrics());
 * await gateway.close();
 * ```
 */
export async function gatewayMetrics(
  gateway: ObservedGateway,
  options: GatewayMetricsOptions = {},
): Promise<void> {
  const { Counter, Histogram, register } = await promClient();
  const registers = [(options.registry as Registry | undefined) ?? register];
  const requests = new Counter({
    name: 'cflux_gateway_requests_total',
    help: 'Requests, by what the gateway did.',
    labelNames: ['class'],
    registers,
  });
  const added = new Histogram({
    name: 'cflux_gateway_added_seconds',
    help: 'Time that the gateway itself took for a request.',
    buckets: addedBuckets,
    registers,
  });
  const statements = new Counter({
    name: 'cflux_gateway_statements_total',
    help: 'Statements for the cluster, by result.',
    labelNames: ['result'],
    registers,
  });
  const waits = new Histogram({
    name: 'cflux_gateway_wait_seconds',
    help: 'Time that statements for the cluster waited for the manager or the server.',
    labelNames: ['peer'],
    buckets: waitBuckets,
    registers,
  });
  const logins = new Counter({
    name: 'cflux_gateway_logins_total',
    help: 'Logins before a server that requires authentication, by result.',
    labelNames: ['result'],
    registers,
  });
  const bcrypt = new Histogram({
    name: 'cflux_gateway_bcrypt_seconds',
    help: 'Time that bcrypt took for a login whose password was not known yet.',
    buckets: bcryptBuckets,
    registers,
  });
  const users = new Counter({
    name: 'cflux_gateway_users_total',
    help: 'Users of the cluster that were made on the server at a login, or got their present password there.',
    labelNames: ['action'],
    registers,
  });
  // Start with 0, so that the first event is an increase.
  for (const name of ['passed', 'executed', 'refused']) requests.inc({ class: name }, 0);
  for (const result of ['done', 'failed']) statements.inc({ result }, 0);
  for (const result of ['verified', 'refused', 'limited']) logins.inc({ result }, 0);
  for (const action of ['made', 'renewed']) users.inc({ action }, 0);
  for (const peer of ['manager', 'server']) waits.zero({ peer });
  gateway.on('request', ({ class: name, added: milliseconds }) => {
    requests.inc({ class: name });
    added.observe(milliseconds / 1_000);
  });
  gateway.on('statement', ({ error }) => statements.inc({ result: error === undefined ? 'done' : 'failed' }));
  gateway.on('login', ({ result, computing }) => {
    logins.inc({ result });
    if (computing !== undefined) bcrypt.observe(computing / 1_000);
  });
  gateway.on('user', ({ action }) => users.inc({ action }));
  gateway.on('wait', ({ peer, milliseconds }) => waits.observe({ peer }, milliseconds / 1_000));
}
