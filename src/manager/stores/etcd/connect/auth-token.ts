import { CfluxError } from '../../../../errors.js';
import { isAuthenticationOff, isTokenStale } from '../api/etcd-errors.js';
import type { EtcdOptions } from './etcd-options.js';

/**
 * The token of the configured user. It is requested when first needed, and again after etcd refused it: it expired, etcd restarted, or
 * authentication was enabled since.
 */
export class AuthToken {
  readonly #options: EtcdOptions;
  readonly #authenticate: (user: string, password: string) => Promise<string>;
  #token: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(options: EtcdOptions, authenticate: (user: string, password: string) => Promise<string>) {
    this.#options = options;
    this.#authenticate = authenticate;
  }

  /** Returns an empty string without a user, and while authentication is disabled in etcd. */
  async current(): Promise<string> {
    const { user } = this.#options;
    if (user === undefined) return '';
    if (this.#token !== undefined) return this.#token;
    this.#asking ??= this.#ask(user).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** etcd refused a call made with `token`. Returns whether the call may succeed with a new one. */
  isRenewedAfter(failure: CfluxError, token: string): boolean {
    if (this.#options.user === undefined || !isTokenStale(failure)) return false;
    this.forget(token);
    return true;
  }

  /** No effect if the token was replaced already: of many calls that fail at once only the first one drops it. */
  forget(token: string): void {
    if (this.#token === token) this.#token = undefined;
  }

  async #ask(user: string): Promise<string> {
    const password = await this.#password();
    try {
      this.#token = await this.#authenticate(user, password);
    } catch (error) {
      if (!isAuthenticationOff(error)) throw error;
      this.#token = '';
    }
    return this.#token;
  }

  /** Read for each token: the password may have been rotated. */
  async #password(): Promise<string> {
    const { password = '' } = this.#options;
    if (typeof password === 'string') return password;
    try {
      return await password();
    } catch (cause) {
      const message = `cannot read the etcd password: ${CfluxError.from(cause).message}`;
      throw new CfluxError('UNAVAILABLE', message, { cause, retryable: true, outcome: 'notApplied' });
    }
  }
}
