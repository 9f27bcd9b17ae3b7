import type { Clock } from '../../../../clock.js';
import { checkReportRoom } from '../../../nodes/report-room.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import { inPages } from '../connect/in-pages.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { SharedLease } from '../leases/shared-lease.js';

/** Lifetime of a report, in milliseconds; its agent sends it again before that. */
const kept = 30 * 60_000;
/** Milliseconds after which the sizes of a cluster's reports are read again, because other managers store reports and leases expire. */
const recountAfter = 60_000;

/** Stores the reports of agents on leases, so that those of removed agents expire. */
export class NodeReports {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #lease: SharedLease;
  /** Sizes in bytes by node, for each cluster with recent reports. */
  readonly #sizes = new Map<string, { readonly bytes: Map<number, number>; readonly at: number }>();

  constructor(
    connection: EtcdConnection,
    { keys, leases, clock }: { readonly keys: Keys; readonly leases: Leases; readonly clock: Clock },
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#clock = clock;
    this.#lease = new SharedLease(leases, clock, { atLeast: kept, slack: kept / 10 });
  }

  /** Resolves with `false` if there is no such node. @throws `TOO_MANY_REQUESTS` */
  async set(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const bytes = await this.#sizesOf(cluster);
    const value = Buffer.from(report);
    let others = 0;
    for (const [id, size] of bytes) if (id !== nodeId) others += size;
    checkReportRoom(others, value.byteLength);
    const node = this.#keys.node(cluster, nodeId);
    const { succeeded } = await this.#lease.use((lease) =>
      this.#connection.call(etcd.txn, {
        compare: [{ key: node, exists: true }],
        success: [{ put: this.#keys.report(cluster, nodeId), value, lease }],
      }),
    );
    if (succeeded) bytes.set(nodeId, value.byteLength);
    return succeeded;
  }

  /** Returns the reports of a cluster by node id. */
  async of(cluster: string): Promise<ReadonlyMap<number, string>> {
    const reports = new Map<number, string>();
    for await (const { key, value } of inPages(this.#connection, this.#keys.reportsOf(cluster))) {
      reports.set(this.#keys.nodeIdOf(key), Buffer.from(value).toString());
    }
    return reports;
  }

  async #sizesOf(cluster: string): Promise<Map<number, number>> {
    const now = this.#clock.monotonic();
    const known = this.#sizes.get(cluster);
    if (known !== undefined && now - known.at < recountAfter) return known.bytes;
    const bytes = new Map<number, number>();
    for (const [id, report] of await this.of(cluster)) bytes.set(id, Buffer.byteLength(report));
    for (const [name, { at }] of this.#sizes) if (now - at >= recountAfter) this.#sizes.delete(name);
    this.#sizes.set(cluster, { bytes, at: now });
    return bytes;
  }
}
