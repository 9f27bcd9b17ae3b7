import type { Clock } from '../../../clock.js';
import { CfluxError } from '../../../errors.js';
import type { EtcdConnection, EtcdStream } from './connection.js';
import { isLeaseGone, isLeaseTaken } from './etcd-errors.js';
import type { LeaseKept } from './lease-messages.js';
import { etcd } from './methods.js';

/**
 * etcd answers what comes through one stream one after another, and a member that does not lead asks the leader each time:
 * 1,900 renewals a second through one stream to such a member, 3,300 through four, 8,000 to 12,000 to the leader.
 */
const streams = 4;
/** A client gives a heartbeat 1.5 s before it tries elsewhere: a hanging member is left before that. */
const renewalTimeout = 1_000;

interface Waiting {
  resolve(ttl: number): void;
  reject(error: CfluxError): void;
}

/** Leases: granted, renewed by the thousand, revoked. */
export class Leases {
  readonly #connection: EtcdConnection;
  readonly #lanes: readonly Lane[];

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#lanes = Array.from({ length: streams }, () => new Lane(connection, clock));
  }

  /** Also where it was granted already, by whomever. */
  async grant(id: number, seconds: number): Promise<void> {
    try {
      await this.#connection.call(etcd.leaseGrant, { id, ttl: seconds });
    } catch (error) {
      if (!isLeaseTaken(error)) throw error;
    }
  }

  /** Whether the lease is there, and so lives for its whole time again. */
  async renew(id: number): Promise<boolean> {
    const lane = this.#lanes[id % this.#lanes.length];
    return lane !== undefined && (await lane.renew(id)) > 0;
  }

  /** With everything that is on it. `false`: there was no such lease. */
  async revoke(id: number): Promise<boolean> {
    try {
      await this.#connection.call(etcd.leaseRevoke, id);
      return true;
    } catch (error) {
      if (isLeaseGone(error)) return false;
      throw error;
    }
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }
}

/** One stream of renewals. */
class Lane {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  /** In the order they were asked, per lease. */
  readonly #waiting = new Map<number, Waiting[]>();
  #stream: EtcdStream<number> | undefined;

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  renew(id: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#clock.after(renewalTimeout, () =>
        this.#stream?.abandon(slow(`no renewal within ${renewalTimeout} ms`)),
      );
      const waiting: Waiting = {
        resolve(ttl) {
          cancelTimer();
          resolve(ttl);
        },
        reject(error) {
          cancelTimer();
          reject(error);
        },
      };
      const others = this.#waiting.get(id);
      if (others) others.push(waiting);
      else this.#waiting.set(id, [waiting]);
      this.#stream ??= this.#open();
      this.#stream.write(id);
    });
  }

  close(): void {
    this.#stream?.end();
    this.#end(new CfluxError('CLOSED', 'the store is closed'));
  }

  #open(): EtcdStream<number> {
    return this.#connection.stream(etcd.leaseKeepAlive, {
      onMessage: ({ id, ttl }: LeaseKept) => {
        const waiting = this.#waiting.get(id);
        waiting?.shift()?.resolve(ttl);
        if (waiting?.length === 0) this.#waiting.delete(id);
      },
      onEnd: (error) => this.#end(error),
    });
  }

  #end(error: CfluxError): void {
    this.#stream = undefined;
    const failed = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    for (const waiting of failed) waiting.reject(error);
  }
}

const slow = (message: string) => new CfluxError('UNAVAILABLE', `etcd: ${message}`, { retryable: true });
