import type { Registry } from 'prom-client';
import { showCertificates } from '../../certificate-metrics.js';
import type { CertificateInfo } from '../../certificates.js';
import { missingPromClient, promClient } from '../../prom-client.js';
import type { Route } from '../../protocol/routes.js';
import type { Manager } from '../manager.js';
import { clusterMetrics } from './cluster-metrics.js';
import type { Exchange } from './exchange.js';
import { sendListing } from './responses.js';
import { showVersionForms, VersionForms } from './version-forms.js';

type Client = typeof import('prom-client');

/** Seconds. A version that not all nodes have after ten minutes counts as 600, beyond the last bucket. */
const spreadBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** The metrics of one server, in the Prometheus text format; cluster-metrics.ts adds those of clusters. */
export class ManagerMetrics {
  readonly forms = new VersionForms();
  readonly #registry: Registry | undefined;
  /** Responses by route and status: labels are looked up when metrics are read, not with every heartbeat. */
  readonly #answers = new Map<Route['name'] | 'notApplied', Map<number, number>>();

  private constructor(
    client: Client | undefined,
    manager: Manager,
    certificates: () => readonly CertificateInfo[],
  ) {
    if (client === undefined) return;
    const registry = new client.Registry();
    this.#registry = registry;
    const registers = [registry];
    const answers = this.#answers;
    new client.Counter({
      name: 'cflux_requests_total',
      help: 'Responses that were sent.',
      labelNames: ['route', 'status'],
      registers,
      collect() {
        this.reset();
        for (const [route, counts] of answers) {
          for (const [status, count] of counts) this.inc({ route, status }, count);
        }
      },
    });
    showVersionForms(client, registry, this.forms);
    new client.Gauge({
      name: 'cflux_held_polls',
      help: 'Polls that are held until a change.',
      registers,
      collect() {
        this.set(manager.heldPolls);
      },
    });
    const spread = new client.Histogram({
      name: 'cflux_commit_to_everywhere_seconds',
      help: 'Time from the commit of a version until all nodes of its cluster have it.',
      buckets: spreadBuckets,
      registers,
    });
    manager.onSpread = (ms) => spread.observe(ms / 1_000);
    const shown = () => [
      ...certificates().map((certificate) => ({ certificate })),
      ...manager.storeCertificates.map((certificate) => ({ certificate, labels: { peer: 'store' } })),
    ];
    showCertificates(client, registry, shown, { labelNames: ['peer'] });
  }

  /** Without the optional package prom-client nothing is counted, and reading the metrics reports that it is missing. */
  static async create(
    manager: Manager,
    certificates: () => readonly CertificateInfo[],
  ): Promise<ManagerMetrics> {
    return new ManagerMetrics(await promClient().catch(() => undefined), manager, certificates);
  }

  count(route: Route | undefined, status: number): void {
    const name = route?.name ?? 'notApplied';
    let counts = this.#answers.get(name);
    if (counts === undefined) {
      counts = new Map();
      this.#answers.set(name, counts);
    }
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  /** Responses since the server started, by route and status. */
  get counts(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries(
      [...this.#answers].map(([route, counts]) => [route, Object.fromEntries(counts)]),
    );
  }

  async answer(exchange: Exchange): Promise<void> {
    if (this.#registry === undefined) throw missingPromClient({ status: 501 });
    const items = await clusterMetrics(exchange.manager);
    const before = `${await this.#registry.metrics()}\n`;
    await sendListing(exchange, { before, items, separator: '\n', after: '\n' }, this.#registry.contentType);
  }
}
