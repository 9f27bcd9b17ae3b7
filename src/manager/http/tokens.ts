import { createHash, timingSafeEqual } from 'node:crypto';
import { CfluxError } from '../../errors.js';
import { type Scope, scopes } from './scopes.js';

/** A token in the configuration. */
export interface TokenEntry {
  /** Name of its bearer, for the audit. */
  readonly name: string;
  /** The token itself; either this or `sha256` must be given. */
  readonly token?: string;
  /** SHA-256 of the token in hexadecimal: a reader of the file cannot use it as a token. */
  readonly sha256?: string;
  readonly scopes: readonly Scope[];
  /** The only cluster that it is valid for. Default: all. */
  readonly cluster?: string;
}

/** The bearer of a token, with its permissions. */
export type Bearer = Pick<TokenEntry, 'name' | 'scopes' | 'cluster'>;

/** Looks up tokens. */
export interface TokenSource {
  /** Resolves with the bearer of a token; `undefined` if the token is unknown. */
  find(token: string): Promise<Bearer | undefined>;
  /** Rejects with the reason why changes of the tokens are not noticed. Omit it if they never change. */
  check?(): Promise<void>;
  /** Calls `onChange` after every change of the tokens, until the returned function is called. Omit it if they never change. */
  watch?(onChange: () => void): () => void;
}

/** Tokens that do not change. */
export class TokenList implements TokenSource {
  readonly #tokens: readonly { readonly bearer: Bearer; readonly digest: Buffer }[];

  /** @throws `INVALID_OPTION` that names the entry. */
  constructor(entries: readonly TokenEntry[]) {
    this.#tokens = entries.map((entry, i) => ({ bearer: bearerOf(entry, i), digest: digestOf(entry, i) }));
  }

  async find(token: string): Promise<Bearer | undefined> {
    const digest = sha256(token);
    let found: Bearer | undefined;
    // Compares with all of them, each in constant time: the duration reveals nothing about any token.
    for (const each of this.#tokens) if (timingSafeEqual(each.digest, digest)) found = each.bearer;
    return found;
  }
}

/** Caches lookups: the many requests of a fleet share few tokens. */
export function findingOnce(tokens: TokenSource): TokenSource {
  const found = new Map<string, Promise<Bearer | undefined>>();
  return {
    find(token) {
      const known = found.get(token) ?? tokens.find(token);
      found.set(token, known);
      return known;
    },
  };
}

const sha256 = (token: string) => createHash('sha256').update(token).digest();

const wrong = (i: number, why: string) => new CfluxError('INVALID_OPTION', `token ${i + 1}: ${why}`);

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function bearerOf({ name, scopes: given, cluster }: TokenEntry, i: number): Bearer {
  if (!isText(name)) throw wrong(i, 'name is missing');
  if (!Array.isArray(given) || given.length === 0)
    throw wrong(i, `scopes is missing: use some of ${scopes.join(', ')}`);
  const unknown = given.find((scope) => !scopes.includes(scope));
  if (unknown !== undefined) {
    throw wrong(i, `unknown scope ${JSON.stringify(unknown)}: use some of ${scopes.join(', ')}`);
  }
  if (cluster !== undefined && !isText(cluster)) throw wrong(i, 'cluster must be a name');
  return { name, scopes: given, ...(cluster === undefined ? {} : { cluster }) };
}

function digestOf({ token, sha256: hex }: TokenEntry, i: number): Buffer {
  if ((token === undefined) === (hex === undefined)) throw wrong(i, 'give either token or sha256');
  if (hex !== undefined) {
    if (typeof hex !== 'string' || !/^[0-9a-f]{64}$/i.test(hex))
      throw wrong(i, 'sha256 must be 64 hexadecimal digits');
    return Buffer.from(hex, 'hex');
  }
  // Limited to what a header can carry (RFC 6750), and long enough not to be guessed.
  if (!isText(token) || !/^[A-Za-z0-9._~+/=-]{16,512}$/.test(token)) {
    throw wrong(i, 'token must be 16 to 512 characters of A-Z a-z 0-9 . _ ~ + / = -');
  }
  return sha256(token);
}
