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
  /** Orders a drop, if dropped databases and policies must be dropped on every server. */
  readonly orderDrop?: OrderDrop | undefined;
}

/** What a DROP statement names. */
export type DroppedItem =
  | { readonly kind: 'database'; readonly database: string }
  | { readonly kind: 'retentionPolicy'; readonly database: string; readonly policy: string };

/** Orders that an item is dropped on every server, as part of the change. */
export type OrderDrop = (item: DroppedItem, options?: { readonly author?: string }) => void;
