import { availableParallelism } from 'node:os';
import { FairTurns } from '../async/fair-turns.js';
import { CfluxError } from '../errors.js';

/*
 * bcrypt as InfluxDB uses it. The library computes in the threads that Node also needs for files and name look-ups, four by default,
 * and a hash takes some 60 ms: so half of them, and one processor, are left alone whatever the number of logins. A hash of a higher cost
 * than new ones have by default waits in a line of its own, so that it does not delay other users.
 */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
const turns = new FairTurns(Math.max(1, Math.min(threads >> 1, availableParallelism() - 1)));

/** Loaded with the first password: most nodes never see one, and the library is native code. */
const library = async () => (await import('bcrypt')).default;

/** Bytes of a password that bcrypt looks at. */
const maxPassword = 72;

/** InfluxDB's. */
export const defaultCost = 10;

/** The lowest cost that bcrypt knows. */
const lowestCost = 4;

/** The highest cost of a hash that is made or verified, about a second of work; each one more takes twice as long, 31 some 35 hours. */
const highestCost = 14;

/** Returns `cost`. @throws CfluxError `INVALID_OPTION` if no node would verify a hash of this cost. */
export function checkCost(cost: number): number {
  if (Number.isInteger(cost) && cost >= lowestCost && cost <= highestCost) return cost;
  throw new CfluxError(
    'INVALID_OPTION',
    `bcryptCost: ${cost} is out of range; choose an integer from ${lowestCost} to ${highestCost}`,
  );
}

/** @throws CfluxError `PASSWORD_TOO_LONG`, for what is beyond would count for nothing. */
export function checkPasswordLength(password: string): void {
  if (Buffer.byteLength(password) > maxPassword) {
    throw new CfluxError('PASSWORD_TOO_LONG', `password length exceeds ${maxPassword} bytes`);
  }
}

/** A new bcrypt hash of `password`, as `$2a$10$…`. */
export async function bcryptHash(password: string, cost: number): Promise<string> {
  checkPasswordLength(password);
  const { genSalt, hash } = await library();
  // The prefix that InfluxDB writes; the library's own default would be 2b.
  // All new hashes are of one key: a thousand of them delay a login by one.
  return turns.run({ key: '', isSlow: cost > defaultCost }, async () =>
    hash(password, await genSalt(cost, 'a')),
  );
}

/**
 * Whether `password` is that of `hash`, which may have any of the prefixes that InfluxDB takes ($2$, $2a$, $2b$, $2y$, …: they
 * mean the same here) and may go on after its 60 bytes. As in InfluxDB, only the first 72 bytes of the password count.
 *
 * @throws CfluxError `PASSWORD_HASH_TOO_COSTLY` if the cost of `hash` is above {@link highestCost}.
 */
export async function bcryptMatches(password: string, hash: string): Promise<boolean> {
  const [, cost, rest] = /^\$[\0-2][^$]?\$(\d\d).(.{53})/s.exec(hash) ?? [];
  if (cost === undefined || rest === undefined) return false;
  if (Number(cost) > highestCost) throw tooCostly(cost);
  const { compare } = await library();
  const bytes = Buffer.from(password).subarray(0, maxPassword);
  return turns.run({ key: hash, isSlow: Number(cost) > defaultCost }, () =>
    compare(bytes, `$2a$${cost}$${rest}`),
  );
}

function tooCostly(cost: string): CfluxError {
  return new CfluxError(
    'PASSWORD_HASH_TOO_COSTLY',
    `cannot verify the password: the user's hash has bcrypt cost ${Number(cost)}, more than ${highestCost}; set a new password for this user`,
    { outcome: 'notApplied' },
  );
}
