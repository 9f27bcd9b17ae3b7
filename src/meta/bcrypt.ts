import { availableParallelism } from 'node:os';
import { CfluxError } from '../errors.js';
import { Limiter } from './limiter.js';

/*
 * bcrypt as InfluxDB uses it. The library computes in the threads that Node also needs for files and name look-ups, four by default,
 * and a hash takes some 60 ms: so half of them, and one processor, are left alone whatever the number of logins.
 */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
const limiter = new Limiter(Math.max(1, Math.min(threads >> 1, availableParallelism() - 1)));

/** Loaded with the first password: most nodes never see one, and the library is native code. */
const library = async () => (await import('bcrypt')).default;

/** Bytes of a password that bcrypt looks at. */
const longestPassword = 72;

/** InfluxDB's. */
export const defaultCost = 10;

/** @throws CfluxError `PASSWORD_TOO_LONG`, for what is beyond would count for nothing. */
export function checkPasswordLength(password: string): void {
  if (Buffer.byteLength(password) > longestPassword) {
    throw new CfluxError('PASSWORD_TOO_LONG', `password length exceeds ${longestPassword} bytes`);
  }
}

/** A new bcrypt hash of `password`, as `$2a$10$…`. */
export async function bcryptHash(password: string, cost: number): Promise<string> {
  checkPasswordLength(password);
  const { genSalt, hash } = await library();
  // The prefix that InfluxDB writes; the library's own default would be 2b.
  return limiter.run(async () => hash(password, await genSalt(cost, 'a')));
}

/**
 * Whether `password` is that of `hash`, which may have any of the prefixes that InfluxDB takes ($2$, $2a$, $2b$, $2y$, …: they
 * mean the same here) and may go on after its 60 bytes. As in InfluxDB, only the first 72 bytes of the password count.
 */
export async function bcryptMatches(password: string, hash: string): Promise<boolean> {
  const [, cost, rest] = /^\$[\0-2][^$]?\$(\d\d).(.{53})/s.exec(hash) ?? [];
  if (cost === undefined || rest === undefined) return false;
  const { compare } = await library();
  const bytes = Buffer.from(password).subarray(0, longestPassword);
  return limiter.run(() => compare(bytes, `$2a$${cost}$${rest}`));
}
