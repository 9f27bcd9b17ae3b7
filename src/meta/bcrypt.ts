import { availableParallelism } from 'node:os';
import { FairTurns } from '../async/fair-turns.js';
import { CfluxError } from '../errors.js';

/*
 * bcrypt as InfluxDB uses it. The library computes in the threads that Node also needs for files and name lookups, four by default, and a
 * hash takes about 60 ms: so at most half of them are used, and one processor stays free, however many logins there are. A hash with a
 * higher cost than the default has a separate queue, so that it does not delay other users, and so has a check that is likely to fail.
 */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/** Ordinary computations at once; one costly or suspect one may be beside them. */
export const checksAtOnce = Math.max(1, Math.min(threads >> 1, availableParallelism() - 1));

const turns = new FairTurns(checksAtOnce);

/** Loaded with the first password: most nodes never handle one, and the library is native code, which a bundle does not contain. */
async function library() {
  try {
    return (await import('bcrypt')).default;
  } catch (cause) {
    throw new CfluxError(
      'MISSING_DEPENDENCY',
      `passwords cannot be hashed: the package bcrypt cannot be loaded; npm install bcrypt, and keep it out of bundles (esbuild: --external:bcrypt): ${CfluxError.from(cause).message}`,
      { cause, outcome: 'notApplied' },
    );
  }
}

/** Number of bytes of a password that bcrypt uses. */
const maxPassword = 72;

/** InfluxDB's cost. */
export const defaultCost = 10;

/** The lowest cost in bcrypt. */
const lowestCost = 4;

/** The highest cost that is computed, about a second of work; each increment doubles it, 31 takes about 35 hours. */
const highestCost = 14;

/** Returns `cost`. @throws CfluxError `INVALID_OPTION` if no node would verify a hash of this cost. */
export function checkCost(cost: number): number {
  if (Number.isInteger(cost) && cost >= lowestCost && cost <= highestCost) return cost;
  throw new CfluxError(
    'INVALID_OPTION',
    `bcryptCost: ${cost} is out of range; use an integer from ${lowestCost} to ${highestCost}`,
  );
}

/** @throws CfluxError `PASSWORD_TOO_LONG`, because bcrypt would ignore the excess. */
export function checkPasswordLength(password: string): void {
  if (Buffer.byteLength(password) > maxPassword) {
    throw new CfluxError('PASSWORD_TOO_LONG', `password length exceeds ${maxPassword} bytes`);
  }
}

/** Returns a new bcrypt hash of `password`, as `$2a$10$…`. */
export async function bcryptHash(password: string, cost: number): Promise<string> {
  checkPasswordLength(password);
  const { genSalt, hash } = await library();
  // The prefix that InfluxDB writes; the library's own default would be 2b.
  // All new hashes share one key: a thousand of them delay a login by one.
  return turns.run({ key: '', isSlow: cost > defaultCost }, async () =>
    hash(password, await genSalt(cost, 'a')),
  );
}

/** Options of {@link bcryptMatches}. */
export interface MatchOptions {
  /** Whether other checks must not wait for this one: one such check at a time is computed beside them. Default: false. */
  readonly isApart?: boolean;
  /** Called with the milliseconds of the computation, without the wait for a turn. */
  readonly onComputed?: (milliseconds: number) => void;
}

/**
 * Returns whether `password` matches `hash`, which may have any of the prefixes that InfluxDB accepts ($2$, $2a$, $2b$, $2y$, …: they are
 * equivalent here) and may have more characters after the first 60. As in InfluxDB, only the first 72 bytes of the password count.
 *
 * @throws CfluxError `PASSWORD_HASH_TOO_COSTLY` if the cost of `hash` is above {@link highestCost}.
 */
export async function bcryptMatches(
  password: string,
  hash: string,
  { isApart = false, onComputed }: MatchOptions = {},
): Promise<boolean> {
  const [, cost, rest] = /^\$[\0-2][^$]?\$(\d\d).(.{53})/s.exec(hash) ?? [];
  if (cost === undefined || rest === undefined) return false;
  if (Number(cost) > highestCost) throw tooCostly(cost);
  const { compare } = await library();
  const bytes = Buffer.from(password).subarray(0, maxPassword);
  const turn = { key: isApart ? 'apart' : hash, isSlow: isApart || Number(cost) > defaultCost };
  return turns.run(turn, async () => {
    const begin = performance.now();
    const matches = await compare(bytes, `$2a$${cost}$${rest}`);
    onComputed?.(performance.now() - begin);
    return matches;
  });
}

function tooCostly(cost: string): CfluxError {
  return new CfluxError(
    'PASSWORD_HASH_TOO_COSTLY',
    `cannot verify the password: the user's hash has bcrypt cost ${Number(cost)}, more than ${highestCost}; set a new password for this user`,
    { outcome: 'notApplied' },
  );
}
