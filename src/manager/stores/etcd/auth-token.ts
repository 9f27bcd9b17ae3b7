import { isAuthenticationOff } from './etcd-errors.js';
import type { EtcdOptions } from './etcd-options.js';

/** The token of a user: asked for when it is first needed, and again when etcd does not take it any more. */
export class AuthToken {
  readonly #options: EtcdOptions;
  readonly #authenticate: (user: string, password: string) => Promise<string>;
  #token: Promise<string> | undefined;

  constructor(options: EtcdOptions, authenticate: (user: string, password: string) => Promise<string>) {
    this.#options = options;
    this.#authenticate = authenticate;
  }

  /** Empty: without a user, or where etcd knows none. */
  current(): Promise<string> {
    const { user, password = '' } = this.#options;
    if (user === undefined) return Promise.resolve('');
    this.#token ??= this.#ask(user, password);
    return this.#token;
  }

  forget(): void {
    this.#token = undefined;
  }

  async #ask(user: string, password: string): Promise<string> {
    try {
      return await this.#authenticate(user, password);
    } catch (error) {
      if (isAuthenticationOff(error)) return '';
      this.forget();
      throw error;
    }
  }
}
