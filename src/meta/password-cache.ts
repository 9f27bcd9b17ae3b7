import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { RecentMap } from '../recent-map.js';

interface Entry {
  readonly salt: Buffer;
  readonly digest: Buffer;
}

/** Beyond this number of users, logins use bcrypt each time. */
const maxEntries = 10_000;

function digestOf(salt: Buffer, password: string): Buffer {
  return createHash('sha256').update(salt).update(password).digest();
}

/**
 * Verified passwords, as salted digests, so that repeated logins do not need bcrypt. Unlike in InfluxDB, an entry belongs to the bcrypt
 * hash, not to the user's name: when a password was changed, on any node, the old one is invalid at once.
 */
export class PasswordCache {
  private readonly entries = new RecentMap<string, Entry>(maxEntries);

  has(hash: string, password: string): boolean {
    const entry = this.entries.get(hash);
    return entry !== undefined && timingSafeEqual(entry.digest, digestOf(entry.salt, password));
  }

  add(hash: string, password: string): void {
    const salt = randomBytes(32);
    this.entries.renew(hash, { salt, digest: digestOf(salt, password) });
  }
}
