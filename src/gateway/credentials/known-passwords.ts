import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { RecentMap } from '../../recent-map.js';

interface Entry {
  readonly salt: Buffer;
  right: Buffer | undefined;
  /** The last ones. */
  readonly wrong: Buffer[];
}

/** Hashes with an entry; beyond this number, logins use bcrypt again. */
const maxEntries = 10_000;
/** Wrong passwords that are known for one hash: a program with an old password repeats it for ever. */
const maxWrong = 16;

/**
 * Passwords that bcrypt has compared with a hash, as salted digests (R33). An entry belongs to the hash, not to the user's name, and is
 * removed with it: when a password was changed, on any node, the old one is not known any more.
 */
export class KnownPasswords {
  readonly #entries = new RecentMap<string, Entry>(maxEntries);

  /** Returns whether the password is right; `undefined` if that is not known. */
  isRight(hash: string, password: string): boolean | undefined {
    const entry = this.#entries.get(hash);
    if (entry === undefined) return undefined;
    const digest = digestOf(entry.salt, password);
    if (entry.right !== undefined && timingSafeEqual(entry.right, digest)) return true;
    return entry.wrong.some((wrong) => timingSafeEqual(wrong, digest)) ? false : undefined;
  }

  note(hash: string, password: string, isRight: boolean): void {
    const entry = this.#entries.get(hash) ?? this.#add(hash);
    const digest = digestOf(entry.salt, password);
    if (isRight) entry.right = digest;
    else {
      entry.wrong.push(digest);
      if (entry.wrong.length > maxWrong) entry.wrong.shift();
    }
  }

  /** Removes what is known of other hashes. */
  keep(hashes: ReadonlySet<string>): void {
    for (const hash of this.#entries.keys()) if (!hashes.has(hash)) this.#entries.delete(hash);
  }

  #add(hash: string): Entry {
    const entry = { salt: randomBytes(32), right: undefined, wrong: [] };
    this.#entries.renew(hash, entry);
    return entry;
  }
}

const digestOf = (salt: Buffer, password: string) =>
  createHash('sha256').update(salt).update(password).digest();
