import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import { withoutTrailing } from '../trailing.js';

/** What a drop order names. Everything else follows from the newest metadata, and has no orders. */
export type OrderedItem =
  | { readonly kind: 'database'; readonly database: string }
  | { readonly kind: 'retentionPolicy'; readonly database: string; readonly policy: string };

/** A drop order that a push makes. */
export type NewDropOrder = OrderedItem & {
  /** Who ordered the drop, for display. */
  readonly author?: string | undefined;
};

/** Drop orders that a rollback revokes: those of later versions, for what the restored version holds. */
export interface RevokedDrops {
  /** Only orders of versions above this one, which is restored. */
  readonly above: number;
  /** What the restored version holds; absent: every order above `above`. */
  readonly items?: readonly OrderedItem[] | undefined;
}

/** The drop orders that a push makes or revokes, stored in the transaction of its version. */
export interface DropsChange {
  readonly orders?: readonly NewDropOrder[] | undefined;
  readonly revoke?: RevokedDrops | undefined;
  /** An operator confirms pending drops for all servers; requires the scope `admin`. */
  readonly confirmed?: true | undefined;
}

/** A stored drop order. */
export type DropOrder = NewDropOrder & {
  /** The version that it was stored with. */
  readonly version: number;
  /** The mutation id of its push: a restored store uses versions again. */
  readonly mutation: string;
  /** When it was stored, in milliseconds since 1970 by the manager's clock. */
  readonly at: number;
};

/** The drop orders of a cluster above a version. */
export interface DropOrders {
  /** The newest version: all orders up to it are covered. */
  readonly version: number;
  /** Orders of versions up to this one may have been removed, because of their age or number; 0: none was. */
  readonly completeFrom: number;
  /** In the order in which they were stored. */
  readonly orders: readonly DropOrder[];
}

/** Maximum length of the header `Cflux-Drops`, as sent. */
export const maxDropsHeader = 4_096;

/** The database of InfluxDB itself, which belongs to each server. */
const internalDatabase = '_internal';

/** Returns the identity of an item. */
export const itemKey = (item: OrderedItem): string =>
  JSON.stringify(
    item.kind === 'database' ? [item.kind, item.database] : [item.kind, item.database, item.policy],
  );

/** Returns why `item` cannot be ordered to be dropped; `undefined` if it can. */
export function whyNotOrderable(item: OrderedItem): string | undefined {
  if (item.database === '') return 'the name of the database is empty';
  if (item.kind === 'retentionPolicy' && item.policy === '') return 'the name of the policy is empty';
  if (item.database === internalDatabase) return `${internalDatabase} belongs to each server`;
  return undefined;
}

/** Encodes the value of `Cflux-Drops`: base64url of JSON. It may be longer than {@link maxDropsHeader}. */
export function encodeDrops({ orders = [], revoke, confirmed }: DropsChange): string {
  const json = JSON.stringify({
    ...(orders.length === 0 ? {} : { orders: orders.map(orderJson) }),
    ...(revoke === undefined
      ? {}
      : { revoke: { above: revoke.above, ...(revoke.items && { items: revoke.items.map(itemJson) }) } }),
    ...(confirmed === undefined ? {} : { confirmed }),
  });
  return base64urlOf(json);
}

/** Not by `Buffer`: the dashboard encodes the orders that its rollback revokes. */
function base64urlOf(text: string): string {
  const bytes = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte));
  return withoutTrailing(btoa(bytes.join('')).replaceAll('+', '-').replaceAll('/', '_'), /=/);
}

/** Returns whether `change` fits into the header. */
export const fitsHeader = (change: DropsChange): boolean => encodeDrops(change).length <= maxDropsHeader;

/** Parses `Cflux-Drops`. @throws `BAD_REQUEST` */
export function decodeDrops(value: string): DropsChange {
  if (value.length > maxDropsHeader)
    throw invalid(`it has ${value.length} bytes, at most ${maxDropsHeader} are allowed`);
  if (!/^[\w-]+={0,2}$/.test(value)) throw invalid('it must be base64url of JSON');
  const refuse: JsonRefusal = ({ place, expected }) => invalid(`${place || 'it'} must be ${expected}`);
  const json = JsonObject.parse(Buffer.from(value, 'base64url'), refuse);
  const orders = json.value('orders') === undefined ? [] : json.objects('orders').map(orderIn);
  const revoke = json.optionalObject('revoke');
  for (const order of orders) {
    const why = whyNotOrderable(order);
    if (why !== undefined) throw invalid(why);
  }
  return {
    ...(orders.length === 0 ? {} : { orders }),
    ...(revoke === undefined ? {} : { revoke: revokedIn(revoke) }),
    ...(json.value('confirmed') === true ? { confirmed: true } : {}),
  };
}

/** Encodes the response to a request for drop orders. */
export function writeDropOrders({ version, completeFrom, orders }: DropOrders): string {
  return JSON.stringify({
    version,
    completeFrom,
    orders: orders.map((order) => ({
      version: order.version,
      mutation: order.mutation,
      at: order.at,
      ...orderJson(order),
    })),
  });
}

/** Parses the response to a request for drop orders. @throws `BAD_ANSWER` */
export function readDropOrders(json: string): DropOrders {
  const refuse: JsonRefusal = ({ place, expected, cause }) =>
    new CfluxError(
      'BAD_ANSWER',
      `invalid response to the request for drop orders: ${place || 'it'} is not ${expected}; check that the endpoint is a manager`,
      { cause, retryable: true },
    );
  const answer = JsonObject.parse(json, refuse);
  return {
    version: answer.integer('version', { min: 0 }),
    completeFrom: answer.integer('completeFrom', { min: 0 }),
    orders: answer.objects('orders').map(dropOrderIn),
  };
}

/** Parses a stored order. */
export function dropOrderIn(entry: JsonObject): DropOrder {
  return {
    ...orderIn(entry),
    version: entry.integer('version', { min: 1 }),
    mutation: entry.text('mutation'),
    at: entry.integer('at'),
  };
}

/** The JSON form of an order that is made. */
const orderJson = (order: NewDropOrder): object => ({
  ...itemJson(order),
  ...(order.author === undefined ? {} : { author: order.author }),
});

/** Parses an order that is made. */
export function orderIn(entry: JsonObject): NewDropOrder {
  const author = entry.optionalText('author');
  return { ...itemIn(entry), ...(author === undefined ? {} : { author }) };
}

function revokedIn(entry: JsonObject): RevokedDrops {
  const above = entry.integer('above', { min: 0 });
  if (entry.value('items') === undefined) return { above };
  return { above, items: entry.objects('items').map(itemIn) };
}

const itemJson = (item: OrderedItem): OrderedItem =>
  item.kind === 'database'
    ? { kind: item.kind, database: item.database }
    : { kind: item.kind, database: item.database, policy: item.policy };

const isKind = (value: unknown): value is OrderedItem['kind'] =>
  value === 'database' || value === 'retentionPolicy';

function itemIn(entry: JsonObject): OrderedItem {
  const kind = entry.field('kind', isKind, '"database" or "retentionPolicy"');
  const database = entry.text('database');
  return kind === 'database' ? { kind, database } : { kind, database, policy: entry.text('policy') };
}

const invalid = (why: string) =>
  new CfluxError('BAD_REQUEST', `invalid header Cflux-Drops: ${why}`, { outcome: 'notApplied' });
