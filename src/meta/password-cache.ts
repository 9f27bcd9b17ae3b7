import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

interface Entry {
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** More users than this log in with bcrypt each time. */
const maxEntries = 10_000;

function digestOf(salt: Buffer, password: string): Buffer {
  return createHash('sha256').update(salt).update(password).digest();
}

/**
 * Passwords that were right, as salted digests, so that a user who comes again need not pay for bcrypt. An entry belongs to the bcrypt
 * hash, not to the user's name as InfluxDB has it: a password that was changed, on whichever node, is of no use any more at once.
 */
export class PasswordCache {
  private readonly entries = new Map<string, Entry>();

  has(hash: string, password: string): boolean {
    const entry = this.entries.get(hash);
    return entry !== undefined && timingSafeEqual(entry.digest, digestOf(entry.salt, password));
  }

  add(hash: string, password: string): void {
    const salt = randomBytes(32);
    // The oldest goes; a map keeps its order.
    this.entries.delete(hash);
    if (this.entries.size >= maxEntries) this.entries.delete(this.entries.keys().next().value ?? '');
    this.entries.set(hash, { salt, digest: digestOf(salt, password) });
  }
}
