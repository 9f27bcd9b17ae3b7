import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { parseToml } from '../../toml.js';
import { type Bearer, type TokenEntry, TokenList, type TokenSource } from './tokens.js';

// How long a changed file may go unnoticed, in milliseconds.
const lookInterval = 1_000;

/**
 * Tokens from a TOML file, read again when it changes. A file that turned wrong is told of, and the tokens that were last right stay.
 *
 * ```toml
 * [[token]]
 * name = "node-1"
 * sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
 * scopes = ["node"]      # read, write, node, admin
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

  private constructor(file: string, loaded: Loaded, clock: Clock, onError: (error: CfluxError) => void) {
    this.#file = file;
    this.#list = loaded.list;
    this.#stamp = loaded.stamp;
    this.#clock = clock;
    this.#onError = onError;
    this.#lookedAt = clock.monotonic();
  }

  /** @throws `INVALID_OPTION` that names the file, and the token in it that is wrong. */
  static async open(file: string, clock: Clock, onError: (error: CfluxError) => void): Promise<TokenFile> {
    return new TokenFile(file, await load(file), clock, onError);
  }

  async find(token: string): Promise<Bearer | undefined> {
    if (this.#clock.monotonic() - this.#lookedAt >= lookInterval) {
      this.#looking ??= this.#look();
      await this.#looking;
    }
    return this.#list.find(token);
  }

  async #look(): Promise<void> {
    try {
      if ((await stampOf(this.#file)) !== this.#stamp) {
        const { list, stamp } = await load(this.#file);
        this.#list = list;
        this.#stamp = stamp;
      }
    } catch (error) {
      this.#onError(CfluxError.from(error));
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
    // The stamp first: a change while we read is noticed at the next look.
    const stamp = await stampOf(file);
    return { stamp, list: new TokenList(entriesOf(parseToml(await readFile(file, 'utf8')))) };
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `${file}: ${CfluxError.from(cause).message}`, { cause });
  }
}

async function stampOf(file: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(file);
  return `${mtimeMs} ${size} ${ino}`;
}

function entriesOf(document: Record<string, unknown>): readonly TokenEntry[] {
  const unknown = Object.keys(document).find((key) => key !== 'token');
  if (unknown !== undefined) throw new CfluxError('INVALID_OPTION', `there is no ${unknown}, but [[token]]`);
  const entries = document['token'];
  if (!Array.isArray(entries)) throw new CfluxError('INVALID_OPTION', 'there is no [[token]]');
  return entries;
}
