import { withTimeout } from '../async/deadline.js';
import type { Clock } from '../clock.js';
import { findByName } from '../meta/named-list.js';
import type { MetaData } from '../meta/records.js';
import { SharedRefresh } from './shared-refresh.js';

/** The part of a CfluxClient that knows the cluster's metadata. */
export interface RefreshedClient {
  data(): MetaData | PromiseLike<MetaData>;
  refresh(options: { readonly timeout: number }): Promise<number>;
}

/** The part of an InfluxMirror that knows what its server has. */
export interface ConvergedServer {
  hasDatabase(name: string): boolean;
  catchUp(): Promise<void>;
}

export interface DatabaseArrivalParts {
  readonly client: RefreshedClient;
  readonly mirror: ConvergedServer;
  readonly clock: Clock;
}

/** Milliseconds that a request waits at most for a manager that does not respond. */
const managerTime = 300;
/** Milliseconds that a request waits at most until the server has a database of the cluster. */
const serverTime = 4_000;

/**
 * Lets a client use on this server what it has just created through another gateway. It does not remember databases that the cluster did
 * not have: one may have been created since.
 */
export class DatabaseArrival {
  readonly #parts: DatabaseArrivalParts;
  readonly #refresh: SharedRefresh;

  constructor(parts: DatabaseArrivalParts) {
    this.#parts = parts;
    const { client, clock } = parts;
    this.#refresh = new SharedRefresh(() =>
      withTimeout({ clock, timeout: managerTime }, client.refresh({ timeout: managerTime })),
    );
  }

  /** Whether a request with this database has to wait. */
  isMissing(database: string): boolean {
    return database !== '' && !this.#parts.mirror.hasDatabase(database);
  }

  /** Resolves when the server has `database`, or it is known that the cluster does not; at the latest after the limits. Never rejects. */
  async wait(database: string): Promise<void> {
    const { mirror, clock } = this.#parts;
    if (!(await this.#isInCluster(database))) await this.#refresh.run();
    if (!(await this.#isInCluster(database))) return;
    if (mirror.hasDatabase(database)) return;
    await withTimeout({ clock, timeout: serverTime }, mirror.catchUp()).catch(() => {});
  }

  async #isInCluster(database: string): Promise<boolean> {
    const { databases } = await this.#parts.client.data();
    return findByName(databases, database) !== undefined;
  }
}
