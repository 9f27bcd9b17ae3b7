import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryLock } from '../../directory-lock.js';
import { removeLeftovers, writeDurably } from '../../durable-file.js';
import { CfluxError } from '../../errors.js';
import { accessAdvice, systemCode } from '../../file-access.js';
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

/** The file of a ledger. */
export const ledgerFile = 'influxdb-ledger.json';
const confirmationFile = 'influxdb-confirmed-drops';
const format = 1;
/** Permissions of the confirmation, which is not secret: the agent may run as another user. */
const readable = 0o644;

/** Stores a {@link Ledger} in a directory, or in memory. */
export class LedgerStore {
  readonly #dir: string | undefined;
  readonly #isLocked: boolean;
  #lock: DirectoryLock | undefined;
  #ledger: Ledger | undefined;
  #confirmation: string | undefined;

  /** @param options.lock Whether {@link own} locks the directory. */
  constructor(dir: string | undefined, { lock = true }: { readonly lock?: boolean } = {}) {
    this.#dir = dir;
    this.#isLocked = lock;
  }

  /**
   * Locks out other writers until {@link close}. Not needed to read or to confirm.
   *
   * @throws CfluxError `DIRECTORY_LOCKED`, `STORAGE_FAILED`
   */
  async own(): Promise<void> {
    if (this.#dir === undefined || !this.#isLocked || this.#lock !== undefined) return;
    this.#lock = await DirectoryLock.acquire(this.#dir, 'influxdb-ledger', { create: true });
    // The previous owner may have saved after it was loaded here.
    this.#ledger = undefined;
    await removeLeftovers(this.#dir, (name) => name === ledgerFile || name === confirmationFile);
  }

  async close(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /** Loads the last saved ledger; `undefined` if none was saved. */
  async load(): Promise<Ledger | undefined> {
    if (this.#ledger === undefined && this.#dir !== undefined) {
      const path = join(this.#dir, ledgerFile);
      const text = await readIfThere(path);
      if (text !== undefined) this.#ledger = parse(text, path);
    }
    return this.#ledger;
  }

  /** Saves the ledger; durable when it resolves. */
  async save(ledger: Ledger): Promise<void> {
    if (ledger === this.#ledger) return;
    if (this.#dir !== undefined) await write(join(this.#dir, ledgerFile), serialize(ledger));
    this.#ledger = ledger;
  }

  /** Resolves with the operator's unused confirmation, which another process may have written. */
  async confirmation(): Promise<string | undefined> {
    if (this.#dir === undefined) return this.#confirmation;
    return (await readIfThere(join(this.#dir, confirmationFile)))?.trim();
  }

  async confirm(confirmation: string): Promise<void> {
    this.#confirmation = confirmation;
    if (this.#dir !== undefined)
      await write(join(this.#dir, confirmationFile), `${confirmation}\n`, readable);
  }

  /** Deletes the confirmation, which is valid once, because the same items may be created and dropped again later. */
  async useConfirmation(): Promise<void> {
    this.#confirmation = undefined;
    if (this.#dir !== undefined) await rm(join(this.#dir, confirmationFile), { force: true });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw new CfluxError(
      'STORAGE_FAILED',
      `cannot read ${path}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
      {
        cause,
      },
    );
  }
}

async function write(path: string, content: string, mode?: number): Promise<void> {
  try {
    await writeDurably(path, content, mode);
  } catch (cause) {
    throw new CfluxError(
      'STORAGE_FAILED',
      `cannot write ${path}: ${CfluxError.from(cause).message}${accessAdvice(cause)}`,
      {
        cause,
      },
    );
  }
}

function serialize(ledger: Ledger): string {
  const { server, origin, current, held, agreements, accepted, rebuilds, orders, confirmable } = ledger;
  const { examined, dropped } = ledger;
  return JSON.stringify({
    format,
    server: {
      url: server.url,
      clusterId: server.clusterId?.toString(),
      index: server.index?.toString(),
      directories: server.directories,
    },
    origin: { ...origin, clusterId: origin.clusterId.toString() },
    current: [...current],
    held: [...held],
    agreements: [...agreements],
    accepted: [...accepted],
    examined: examined && { ...examined, highest: String(examined.highest) },
    dropped: [...dropped],
    rebuilds,
    orders: ordersJson(orders),
    confirmable: [...confirmable],
  });
}

function parse(text: string, path: string): Ledger {
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
