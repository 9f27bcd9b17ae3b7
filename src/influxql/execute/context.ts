import type { Password } from '../../meta/password.js';
import type { UserInfo } from '../../meta/records.js';
import type { QueryPlace } from '../continuous-query-text.js';

/** The context of executing a statement, besides the metadata. */
export interface ExecutionContext extends QueryPlace {
  /** The acting user in the metadata; `undefined` if authentication is off. */
  readonly user?: UserInfo | undefined;
  /** The version of InfluxDB whose results SHOW statements return; `undefined` if the metadata decides. */
  readonly serverVersion?: string | undefined;
  /** The hashed password of CREATE USER and SET PASSWORD. */
  readonly password?: Password | undefined;
}
