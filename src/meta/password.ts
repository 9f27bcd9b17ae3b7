/**
 * A password that was hashed before the change that uses it was queued: the change may be applied repeatedly, on newer metadata each
 * time, without hashing it again.
 */
export interface Password {
  /** Its bcrypt hash, for a user that gets this password. */
  readonly hash: string;
  /** Whether it matches an existing hash. */
  matches(hash: string): Promise<boolean>;
}
