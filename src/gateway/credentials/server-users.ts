import { withTimeout } from '../../async/deadline.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Report } from '../../influxdb/converge/report.js';
import type { UserPresence } from '../../influxdb/converge/user-maker.js';
import type { InfluxMirror } from '../../influxdb/influx-mirror.js';
import type { Actor } from './login-judge.js';

/** The part of an InfluxMirror that gives its server a user. */
export type UserServer = Pick<InfluxMirror, 'makeUser' | 'on' | 'off'>;

/** A user that was made or renewed on the server at its login. */
export interface MadeUser {
  readonly user: string;
  /** `made`: the server lacked the user; `renewed`: it had another password. */
  readonly action: 'made' | 'renewed';
  readonly milliseconds: number;
}

export interface ServerUsersParts {
  readonly mirror: UserServer;
  readonly clock: Clock;
  /** Milliseconds that a request waits at most until the server has its user. */
  readonly patience: number;
  readonly onMade: (made: MadeUser) => void;
}

/** Ensures that the server has a user, with the password of the login, before a request of the user is forwarded. */
export class ServerUsers {
  readonly #parts: ServerUsersParts;
  /** What the server was seen to have: by user, the hash of the cluster, and whether the password was compared. */
  readonly #ready = new Map<string, { readonly hash: string; readonly hasPassword: boolean }>();
  /** One flight for each login. */
  readonly #flights = new Map<string, Promise<UserPresence>>();

  constructor(parts: ServerUsersParts) {
    this.#parts = parts;
    parts.mirror.on('report', this.#onReport);
    parts.mirror.on('serverDown', this.#onServerDown);
  }

  close(): void {
    this.#parts.mirror.off('report', this.#onReport);
    this.#parts.mirror.off('serverDown', this.#onServerDown);
  }

  /** Whether the server has the user, as far as is known without asking it. */
  isReady({ name, hash, password }: Actor): boolean {
    const known = this.#ready.get(name);
    return known !== undefined && known.hash === hash && (known.hasPassword || password === undefined);
  }

  /**
   * Resolves when the server has the user; with `changed` if the cluster has changed the user since the login was judged. Rejects if the
   * server cannot have the user, or not in time.
   */
  async ensure(actor: Actor): Promise<UserPresence> {
    const key = JSON.stringify([actor.name, actor.hash, actor.password === undefined]);
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = this.#make(actor).finally(() => this.#flights.delete(key));
      this.#flights.set(key, flight);
    }
    const { clock, patience } = this.#parts;
    return withTimeout({ clock, timeout: patience, timeoutError: tooSlow }, flight);
  }

  /** The server refused a login of the user, or the user was changed. */
  forget(name: string): void {
    this.#ready.delete(name);
  }

  async #make(actor: Actor): Promise<UserPresence> {
    const { mirror, clock, onMade } = this.#parts;
    const begin = clock.monotonic();
    const { name, hash, password } = actor;
    const presence = await mirror.makeUser({ name, hash, password });
    if (presence === 'changed') this.#ready.delete(name);
    else this.#ready.set(name, { hash, hasPassword: password !== undefined });
    if (presence === 'made' || presence === 'renewed')
      onMade({ user: name, action: presence, milliseconds: clock.monotonic() - begin });
    return presence;
  }

  /** Another program may have dropped the user, or changed its password, on the server. */
  readonly #onReport = ({ pending, refused }: Report): void => {
    for (const { item } of [...pending, ...refused]) if (item.kind === 'user') this.#ready.delete(item.user);
  };

  /** The server may come back with other metadata. */
  readonly #onServerDown = (): void => this.#ready.clear();
}

const tooSlow = () =>
  new CfluxError('TIMEOUT', 'the server did not get the user in time; retry', { retryable: true });
