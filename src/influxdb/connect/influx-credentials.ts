import { CfluxError } from '../../errors.js';
import type { InfluxAddress } from './influx-options.js';

/** User and password of an InfluxDB server. The password is requested again when the server refuses it: it may have been rotated. */
export class InfluxCredentials {
  readonly #username: string | undefined;
  readonly #source: InfluxAddress['password'];
  #password: string | undefined;

  constructor({ username, password }: InfluxAddress) {
    this.#username = username;
    this.#source = password;
    if (typeof password === 'string') this.#password = password;
  }

  /** The `Authorization` header; `undefined` without credentials. */
  async header(): Promise<string | undefined> {
    const password = await this.password();
    return this.#username === undefined ? undefined : basic(this.#username, password ?? '');
  }

  async password(): Promise<string | undefined> {
    if (this.#username === undefined) return undefined;
    this.#password ??= await this.#ask();
    return this.#password;
  }

  /** Returns whether there is another password than the one in `refused`, an earlier {@link header}. */
  async isRenewedAfter(refused: string | undefined): Promise<boolean> {
    if (this.#username === undefined || typeof this.#source !== 'function') return false;
    if ((await this.header()) !== refused) return true;
    this.#password = await this.#ask(this.#password);
    return (await this.header()) !== refused;
  }

  async #ask(refused?: string): Promise<string> {
    const source = this.#source;
    try {
      return typeof source === 'function' ? await source(refused) : (source ?? '');
    } catch (cause) {
      const message = `cannot read the password of InfluxDB: ${CfluxError.from(cause).message}`;
      throw new CfluxError('UNAUTHORIZED', message, { cause, retryable: true, outcome: 'notApplied' });
    }
  }
}

/** Returns the `Authorization` header of a login. */
export const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
