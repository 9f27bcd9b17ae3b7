import type { Password } from '../../meta/password.js';
import type { UserInfo } from '../../meta/records.js';
import type { QueryPlace } from '../continuous-query-text.js';

/** What a statement is executed with, beside the metadata. */
export interface ExecutionContext extends QueryPlace {
  /** The acting user, as the metadata has it; `undefined` where authentication is off. */
  readonly user?: UserInfo | undefined;
  /** The hashed password of CREATE USER and SET PASSWORD. */
  readonly password?: Password | undefined;
}
