import type { Counter, Registry } from 'prom-client';
import { showCertificates } from '../../certificate-metrics.js';
import type { CertificateInfo } from '../../certificates.js';
import { optionsCheck } from '../../check-options.js';
import { promClient } from '../../prom-client.js';
import type { MetadataForm } from '../../protocol/deltas.js';
import { objectWith } from '../../value-kinds.js';
import type { CfluxEventName, CfluxEvents } from './events.js';
import type { CfluxState, CfluxStatus } from './status.js';

/** The part of a CfluxClient that is observed. */
export interface ObservedClient {
  readonly status: CfluxStatus;
  /** As in CfluxClient. Optional. */
  readonly certificates?: readonly CertificateInfo[];
  /** As in CfluxClient. */
  on<Name extends CfluxEventName>(name: Name, listener: (...payload: CfluxEvents[Name]) => void): unknown;
}

/** Structural type of prom-client's `Registry`, because its types exist only if that package is installed. */
export interface MetricsRegistry {
  /** Called by prom-client to add its metrics. */
  registerMetric(metric: never): void;
}

/** Options of {@link clientMetrics}. */
export interface ClientMetricsOptions {
  /** A `Registry` of prom-client. Default: its global registry. */
  readonly registry?: MetricsRegistry;
}

const checkOptions = optionsCheck<ClientMetricsOptions>('clientMetrics', {
  registry: objectWith('registerMetric'),
});

/** Gauges of the client's status, read at each scrape; unknown values are omitted. */
const gauges: Record<string, { help: string; read: (status: CfluxStatus) => number | undefined }> = {
  version: { help: 'Version of the cluster on this node.', read: ({ version }) => version },
  pending_mutations: {
    help: 'Changes in the queue.',
    read: ({ pendingMutations }) => pendingMutations,
  },
  last_heartbeat_timestamp_seconds: {
    help: 'When the last heartbeat got a response.',
    read: ({ lastHeartbeatAt }) => lastHeartbeatAt && lastHeartbeatAt / 1_000,
  },
  last_sync_timestamp_seconds: {
    help: 'When the last poll got a response.',
    read: ({ lastSyncAt }) => lastSyncAt && lastSyncAt / 1_000,
  },
};

// An object, so that the type checker requires every form.
const metadataForms: Readonly<Record<MetadataForm, true>> = { delta: true, snapshot: true, fallback: true };

const states: Record<CfluxState, CfluxState> = {
  created: 'created',
  opening: 'opening',
  online: 'online',
  offline: 'offline',
  foreignCluster: 'foreignCluster',
  closing: 'closing',
  closed: 'closed',
};

/**
 * Adds the metrics of `clients` to a registry: `cflux_client_…`, each with the label `cluster`. Events are counted from now on. Call
 * it once per registry, with all its clients, each of another cluster.
 *
 * @param options `registry`: the registry
 * @throws CfluxError `MISSING_DEPENDENCY` without the package prom-client, which is loaded here
 * @example
 * ```ts
 * import { Registry } from 'prom-client';
 *
 * const registry = new Registry();
 * await clientMetrics(client, { registry });
 * console.log(await registry.metrics());
 * ```
 */
export async function clientMetrics(
  clients: ObservedClient | readonly ObservedClient[],
  options: ClientMetricsOptions = {},
): Promise<void> {
  checkOptions(options);
  const prom = await promClient();
  const registry = (options.registry as Registry | undefined) ?? prom.register;
  const observed: readonly ObservedClient[] = [clients].flat();
  showStatus(prom, registry, observed);
  countEvents(prom, registry, observed);
  const certificates = () =>
    observed.flatMap(({ status, certificates = [] }) =>
      certificates.map((certificate) => ({ certificate, labels: { cluster: status.cluster } })),
    );
  showCertificates(prom, registry, certificates, { prefix: 'cflux_client', labelNames: ['cluster'] });
}

type PromClient = Awaited<ReturnType<typeof promClient>>;

function showStatus({ Gauge }: PromClient, registry: Registry, clients: readonly ObservedClient[]): void {
  const registers = [registry];
  for (const [name, { help, read }] of Object.entries(gauges)) {
    new Gauge({
      name: `cflux_client_${name}`,
      help,
      labelNames: ['cluster'],
      registers,
      collect() {
        this.reset();
        for (const { status } of clients) {
          const value = read(status);
          if (value !== undefined) this.set({ cluster: status.cluster }, value);
        }
      },
    });
  }
  new Gauge({
    name: 'cflux_client_state',
    help: 'State of the client: 1 for the current state, 0 for the others.',
    labelNames: ['cluster', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { status } of clients) {
        for (const state of Object.values(states))
          this.set({ cluster: status.cluster, state }, status.state === state ? 1 : 0);
      }
    },
  });
}

function countEvents(prom: PromClient, registry: Registry, clients: readonly ObservedClient[]): void {
  // Starts with 0 for each value of its label, so that the first event is an increase.
  const counter = (name: string, help: string, label?: string, ...values: string[]): Counter => {
    const labelNames = label === undefined ? ['cluster'] : ['cluster', label];
    const made = new prom.Counter({ name: `cflux_client_${name}`, help, labelNames, registers: [registry] });
    for (const { status } of clients) {
      const { cluster } = status;
      if (label === undefined) made.inc({ cluster }, 0);
      else for (const value of values) made.inc({ cluster, [label]: value }, 0);
    }
    return made;
  };
  const forms = Object.keys(metadataForms);
  const received = counter(
    'received_versions_total',
    'Versions that this node adopted, by form.',
    'form',
    ...forms,
  );
  const sent = counter('sent_versions_total', 'Versions that this node pushed, by form.', 'form', ...forms);
  const heartbeats = counter('heartbeats_total', 'Heartbeats, by result.', 'result', 'answered', 'failed');
  const syncs = counter('syncs_total', 'Newer metadata, and failed polls.', 'result', 'synced', 'failed');
  const results = ['pushed', 'rolled_back', 'unknown'];
  const mutations = counter('mutations_total', 'Changes, by outcome.', 'result', ...results);
  const pushes = counter('pushes_total', 'Versions of the cluster pushed by this node.');
  const pushedBytes = counter('pushed_bytes_total', 'Bytes of the pushed versions.');
  const conflicts = counter('conflicts_total', 'Conflicts with changes of other nodes.');
  const reasons = ['joined', 'unconfirmed', 'adopted', 'diverged'];
  const replaced = counter(
    'replaced_total',
    'Times that metadata of this node was replaced.',
    'reason',
    ...reasons,
  );
  const epochs = counter('epoch_changes_total', 'Times that the manager lost or changed its history.');
  const registrationsLost = counter(
    'registrations_lost_total',
    'Times that the manager lost the registration of this node.',
  );

  for (const client of clients) {
    const { cluster } = client.status;
    client.on('heartbeat', () => heartbeats.inc({ cluster, result: 'answered' }));
    client.on('heartbeatFailed', () => heartbeats.inc({ cluster, result: 'failed' }));
    client.on('synced', ({ form }) => {
      syncs.inc({ cluster, result: 'synced' });
      received.inc({ cluster, form });
    });
    client.on('syncFailed', () => syncs.inc({ cluster, result: 'failed' }));
    client.on('pushed', ({ mutations: count, bytes, form }) => {
      sent.inc({ cluster, form });
      pushes.inc({ cluster });
      pushedBytes.inc({ cluster }, bytes);
      mutations.inc({ cluster, result: 'pushed' }, count);
    });
    client.on('rolledBack', ({ error, mutations: count }) => {
      const result = error.code === 'UNKNOWN_OUTCOME' ? 'unknown' : 'rolled_back';
      mutations.inc({ cluster, result }, count);
    });
    client.on('conflict', () => conflicts.inc({ cluster }));
    client.on('replaced', ({ reason }) => replaced.inc({ cluster, reason }));
    client.on('diverged', () => replaced.inc({ cluster, reason: 'diverged' }));
    client.on('epochChanged', () => epochs.inc({ cluster }));
    client.on('registrationLost', () => registrationsLost.inc({ cluster }));
  }
}
