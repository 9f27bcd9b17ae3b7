import { CfluxError } from '../../errors.js';
import { isJsonObject, JsonObject } from '../../json-object.js';
import { dropOrderIn } from '../../protocol/drop-orders.js';
import {
  type AppliedVersion,
  type KeptOrder,
  noOrders,
  type OrderState,
  type OrdersRecord,
} from './kept-orders.js';
import type { Agreement, Ledger, ServerIdentity } from './ledger.js';

const format = 1;

/** The fields of a ledger that are sets of keys, or maps from keys: as lists in JSON. */
export const collections = ['current', 'held', 'agreements', 'accepted', 'dropped', 'confirmable'] as const;

/** Returns the text of a ledger's file. `id` identifies this content. */
export function formatLedger(ledger: Ledger, id: string): string {
  const lists = Object.fromEntries(collections.map((name) => [name, [...ledger[name]]]));
  return JSON.stringify({ format, id, ...singleFields(ledger), ...lists });
}

/** Returns the fields of a ledger that are not {@link collections}, as they are in JSON. */
export function singleFields({ server, origin, examined, rebuilds, orders }: Ledger): object {
  return {
    server: {
      url: server.url,
      clusterId: server.clusterId?.toString(),
      index: server.index?.toString(),
      directories: server.directories,
    },
    origin: { ...origin, clusterId: origin.clusterId.toString() },
    examined: examined && { ...examined, highest: String(examined.highest) },
    rebuilds,
    orders: ordersJson(orders),
  };
}

/** Parses the output of {@link formatLedger}. Errors name the file at `path`. */
export function parseLedger(text: string, path: string): Ledger {
  const refuse = (why: string, cause?: unknown) =>
    new CfluxError(
      'STORAGE_FAILED',
      `${path} is not a ledger: ${why}; restore it, or move it away: items that the cluster dropped meanwhile then count as unmanaged`,
      { cause },
    );
  const ledger = JsonObject.parse(text, ({ place, expected, cause }) =>
    refuse(`${place || 'it'} is not ${expected}`, cause),
  );
  const itsFormat = ledger.value('format');
  if (itsFormat !== format) throw refuse(`its format is ${itsFormat}, not ${format}`);
  const [server, origin] = [ledger.object('server'), ledger.object('origin')];
  const clusterId = server.optionalField('clusterId', isDigits, 'a string of digits');
  const index = server.optionalField('index', isDigits, 'a string of digits');
  const epoch = origin.optionalText('epoch');
  const version = origin.optionalInteger('version');
  return {
    server: {
      url: server.text('url'),
      ...(clusterId === undefined ? {} : { clusterId: BigInt(clusterId) }),
      ...(index === undefined ? {} : { index: BigInt(index) }),
      ...directoriesOf(server.optionalObject('directories')),
    },
    origin: {
      clusterId: BigInt(origin.field('clusterId', isDigits, 'a string of digits')),
      ...(epoch === undefined ? {} : { epoch }),
      ...(version === undefined ? {} : { version }),
    },
    current: new Set(ledger.texts('current')),
    held: new Map(ledger.field('held', isHeld, 'an array of pairs of strings')),
    agreements: new Map(ledger.field('agreements', isAgreements, 'an array of agreements by key')),
    // A ledger of 0.1 has none of these.
    accepted: new Set(ledger.optionalTexts('accepted')),
    ...examinationIn(ledger.optionalObject('examined')),
    dropped: new Set(ledger.optionalTexts('dropped')),
    rebuilds: ledger.optionalInteger('rebuilds', { min: 0 }) ?? 0,
    orders: ordersIn(ledger.optionalObject('orders')),
    confirmable: new Map(ledger.optionalField('confirmable', areConfirmable, 'an array of statements by id')),
  };
}

function directoriesOf(json: JsonObject | undefined): Pick<ServerIdentity, 'directories'> {
  if (json === undefined) return {};
  return { directories: { meta: json.text('meta'), data: json.text('data'), wal: json.text('wal') } };
}

function examinationIn(json: JsonObject | undefined): Pick<Ledger, 'examined'> {
  if (json === undefined) return {};
  const highest = BigInt(json.field('highest', isDigits, 'a string of digits'));
  return { examined: { process: json.text('process'), highest } };
}

function ordersJson({ applied, kept, ...rest }: OrdersRecord): object {
  return {
    ...rest,
    ...(applied && {
      applied: { ...applied, shard: String(applied.shard), index: applied.index?.toString() },
    }),
    kept: kept.map((order) => ({ ...order, shard: order.shard?.toString() })),
  };
}

function ordersIn(json: JsonObject | undefined): OrdersRecord {
  if (json === undefined) return noOrders;
  const applied = json.optionalObject('applied');
  const read = json.optionalObject('read');
  const missedUpTo = json.optionalInteger('missedUpTo');
  const own = json.optionalObject('own');
  return {
    ...(applied === undefined ? {} : { applied: appliedIn(applied) }),
    ...(read === undefined ? {} : { read: { epoch: read.text('epoch'), version: read.integer('version') } }),
    ...(missedUpTo === undefined ? {} : { missedUpTo }),
    ...(own === undefined ? {} : { own: { commits: own.integer('commits'), created: own.texts('created') } }),
    kept: json.objects('kept').map(keptIn),
  };
}

function appliedIn(json: JsonObject): AppliedVersion {
  const index = json.optionalField('index', isDigits, 'a string of digits');
  return {
    epoch: json.text('epoch'),
    version: json.integer('version', { min: 1 }),
    shard: BigInt(json.field('shard', isDigits, 'a string of digits')),
    ...(index === undefined ? {} : { index: BigInt(index) }),
    at: json.integer('at'),
  };
}

function keptIn(json: JsonObject): KeptOrder {
  const shard = json.optionalField('shard', isDigits, 'a string of digits');
  const reason = json.optionalText('reason');
  return {
    ...dropOrderIn(json),
    state: json.field('state', isState, `one of ${Object.keys(states).join(', ')}`),
    ...(reason === undefined ? {} : { reason }),
    ...(shard === undefined ? {} : { shard: BigInt(shard) }),
    ...(json.value('confirmed') === true ? { confirmed: true } : {}),
  };
}

const states: Readonly<Record<OrderState, true>> = {
  open: true,
  begun: true,
  done: true,
  left: true,
  elsewhere: true,
};
const isState = (value: unknown): value is OrderState =>
  typeof value === 'string' && Object.hasOwn(states, value);

const isText = (value: unknown): value is string => typeof value === 'string';

const isDigits = (value: unknown): value is string => isText(value) && /^[0-9]{1,20}$/.test(value);

const isAgreement = (value: unknown): value is Agreement =>
  isJsonObject(value) && isText(value['wanted']) && isText(value['present']);

/** Entries of a map from keys, as they are in JSON. */
const areEntries =
  <T>(isValue: (value: unknown) => value is T) =>
  (list: unknown): list is readonly (readonly [string, T])[] =>
    Array.isArray(list) &&
    list.every((entry) => Array.isArray(entry) && isText(entry[0]) && isValue(entry[1]));

const isHeld = areEntries(isText);
const isAgreements = areEntries(isAgreement);
const areConfirmable = areEntries(
  (value): value is readonly string[] => Array.isArray(value) && value.every(isText),
);
