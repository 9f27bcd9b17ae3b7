import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { fileAdvice } from '../../file-access.js';
import { secretText } from '../../secret-file.js';
import { parseToml } from '../../toml.js';
import { type Bearer, type TokenEntry, TokenList, type TokenSource } from './tokens.js';

// How long a changed file may go unnoticed, in milliseconds.
const checkInterval = 1_000;

/**
 * Tokens from a TOML file, which is reloaded when it changes. A file without a token is valid: every request is refused. While the file
 * cannot be read, the tokens of the last successful read stay valid, the error is reported once, and {@link check} rejects.
 *
 * ```toml
 * [[token]]
 * name = "node-1"
 * sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
 * scopes = ["node"]      # read, metadata, write, node, admin
 * cluster = "default"    # absent: all clusters
 * ```
 */
export class TokenFile implements TokenSource {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #onError: (error: CfluxError) => void;
  #list: TokenList;
  #stamp: string;
  #lookedAt: number;
  #looking: Promise<void> | undefined;
  #failure: CfluxError | undefined;
  readonly #listeners = new Set<() => void>();
  #cancelLook: (() => void) | undefined;

  private constructor(file: string, loaded: Loaded, clock: Clock, onError: (error: CfluxError) => void) {
    this.#file = file;
    this.#list = loaded.list;
    this.#stamp = loaded.stamp;
    this.#clock = clock;
    this.#onError = onError;
    this.#lookedAt = clock.monotonic();
  }

  /** @throws `INVALID_OPTION`; the message names the file, and the invalid token in it. */
  static async open(file: string, clock: Clock, onError: (error: CfluxError) => void): Promise<TokenFile> {
    return new TokenFile(file, await load(file), clock, onError);
  }

  async find(token: string): Promise<Bearer | undefined> {
    await this.#lookIfDue();
    return this.#list.find(token);
  }

  async check(): Promise<void> {
    await this.#lookIfDue();
    if (this.#failure === undefined) return;
    // The reason is only logged, because readiness requests need no token.
    throw new CfluxError(
      'UNAVAILABLE',
      'the token file cannot be read, so its changes have no effect; see the log of the manager',
      { retryable: true, outcome: 'notApplied' },
    );
  }

  watch(onChange: () => void): () => void {
    const listener = () => onChange();
    this.#listeners.add(listener);
    this.#lookLater();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancelLook?.();
      this.#cancelLook = undefined;
    };
  }

  #lookLater(): void {
    this.#cancelLook ??= this.#clock.after(checkInterval, () => {
      this.#cancelLook = undefined;
      void this.#lookIfDue().then(() => {
        if (this.#listeners.size > 0) this.#lookLater();
      });
    });
  }

  async #lookIfDue(): Promise<void> {
    if (this.#clock.monotonic() - this.#lookedAt < checkInterval) return;
    this.#looking ??= this.#look();
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const isChanged = (await stampOf(this.#file)) !== this.#stamp;
      if (isChanged) {
        const { list, stamp } = await load(this.#file);
        this.#list = list;
        this.#stamp = stamp;
        for (const listener of this.#listeners) listener();
      }
      this.#failure = undefined;
    } catch (thrown) {
      const error = CfluxError.from(thrown);
      const isReported = this.#failure?.message === error.message;
      this.#failure = error;
      if (!isReported) this.#onError(error);
    } finally {
      this.#lookedAt = this.#clock.monotonic();
      this.#looking = undefined;
    }
  }
}

interface Loaded {
  readonly list: TokenList;
  readonly stamp: string;
}

async function load(file: string): Promise<Loaded> {
  try {
    // The stamp is read first: a change while the file is being read is noticed at the next check.
    const stamp = await stampOf(file);
    return { stamp, list: new TokenList(entriesOf(parseToml(secretText(await readFile(file))))) };
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `${file}: ${CfluxError.from(cause).message}${fileAdvice(cause)}`, {
      cause,
    });
  }
}

async function stampOf(file: string): Promise<string> {
  const { mtimeMs, ctimeMs, size, ino } = await stat(file);
  return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
}

function entriesOf(document: Record<string, unknown>): readonly TokenEntry[] {
  const unknown = Object.keys(document).find((key) => key !== 'token');
  if (unknown !== undefined) throw new CfluxError('INVALID_OPTION', `unknown key ${unknown}: use [[token]]`);
  const entries = document['token'] ?? [];
  if (!Array.isArray(entries)) throw new CfluxError('INVALID_OPTION', 'token is not a list: use [[token]]');
  return entries;
}
