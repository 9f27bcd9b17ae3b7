import { withTimeout } from '../async/deadline.js';
import type { Clock } from '../clock.js';
import { findByName } from '../meta/named-list.js';
import type { MetaData } from '../meta/records.js';
import type { RequestPlace } from './request/database-of.js';
import type { SharedRefresh } from './shared-refresh.js';

/** The part of a CfluxClient that knows the cluster's metadata. */
export interface RefreshedClient {
  data(): MetaData | PromiseLike<MetaData>;
}

/** The part of an InfluxMirror that knows what its server has. */
export interface ConvergedServer {
  hasDatabase(name: string, policy: string): boolean;
  catchUp(): Promise<void>;
}

export interface DatabaseArrivalParts {
  readonly client: RefreshedClient;
  readonly mirror: ConvergedServer;
  readonly clock: Clock;
  /** Fetches the newest metadata. */
  readonly refresh: SharedRefresh;
}

/** Milliseconds that a request waits at most until the server has a database of the cluster. */
const serverTime = 4_000;

/**
 * Lets a client use on this server what it has just created through another gateway. It does not remember names that the cluster did
 * not have: one may have been created since.
 */
export class DatabaseArrival {
  readonly #parts: DatabaseArrivalParts;

  constructor(parts: DatabaseArrivalParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the server has the database and policy, or it is known that the cluster does not; at the latest after the limits. Never
   * rejects.
   */
  async ensure(place: RequestPlace): Promise<void> {
    const { mirror, clock } = this.#parts;
    const isHere = () => place.database === '' || mirror.hasDatabase(place.database, place.policy);
    if (isHere()) return;
    if (!(await this.#isInCluster(place))) await this.#parts.refresh.run();
    if (!(await this.#isInCluster(place)) || isHere()) return;
    await withTimeout({ clock, timeout: serverTime }, mirror.catchUp()).catch(() => {});
  }

  async #isInCluster({ database, policy }: RequestPlace): Promise<boolean> {
    const { databases } = await this.#parts.client.data();
    const found = findByName(databases, database);
    return (
      found !== undefined && (policy === '' || findByName(found.retentionPolicies, policy) !== undefined)
    );
  }
}
