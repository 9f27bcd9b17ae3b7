/**
 * A password that was hashed before the change that uses it was queued: the change may be applied again and again, on newer
 * metadata each time, without hashing it again.
 */
export interface Password {
  /** Its bcrypt hash, for a user that gets this password. */
  readonly hash: string;
  /** Whether it is the password of an existing hash. */
  matches(hash: string): Promise<boolean>;
}
