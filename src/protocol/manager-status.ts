import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';

/** The state of one manager. */
export interface ManagerStatus {
  readonly manager: {
    readonly id: string;
    /** Of the package. */
    readonly version: string;
    /** Milliseconds since 1970. */
    readonly startedAt: number;
  };
  /** The manager's clock, in milliseconds since 1970. */
  readonly now: number;
  /** Where its data is, and why it cannot be used now. */
  readonly store: { readonly name: string; readonly ready: boolean; readonly trouble?: string | undefined };
  /** Milliseconds for which a node is alive after a heartbeat. */
  readonly nodeTtl: number;
  /** Versions that are kept of each cluster. */
  readonly history: number;
  /** The totals since its start are absent for a token of one cluster. */
  readonly heldPolls?: number | undefined;
  /** Responses by route and status. */
  readonly requests?: Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
  /** The last error in the background. */
  readonly lastError?: string | undefined;
}

/** What the token of a request allows. */
export interface Whoami {
  /** Of the token, or in the client certificate. */
  readonly name?: string | undefined;
  readonly scopes: readonly string[];
  /** The only cluster that it is valid for. */
  readonly cluster?: string | undefined;
  /** The manager requires no tokens. */
  readonly open: boolean;
}

const refusing =
  (what: string): JsonRefusal =>
  ({ place, expected, cause }) =>
    new CfluxError(
      'BAD_ANSWER',
      `${what} is not a manager's response: ${place === '' ? 'it' : place} is not ${expected}`,
      {
        cause,
      },
    );

const moment = { min: 0, max: 8.64e15 };
const count = { min: 0 };

/** Parses the state of a manager. @throws `BAD_ANSWER` */
export function readStatus(json: string): ManagerStatus {
  const fields = JsonObject.parse(json, refusing('the status'));
  const [manager, store, requests] = [
    fields.object('manager'),
    fields.object('store'),
    fields.value('requests'),
  ];
  return {
    manager: {
      id: manager.text('id'),
      version: manager.text('version'),
      startedAt: manager.integer('startedAt', moment),
    },
    now: fields.integer('now', moment),
    store: {
      name: store.text('name'),
      ready: store.boolean('ready'),
      trouble: store.optionalText('trouble'),
    },
    nodeTtl: fields.integer('nodeTtl', count),
    history: fields.integer('history', count),
    heldPolls: fields.optionalInteger('heldPolls', count),
    requests: isCounts(requests) ? requests : undefined,
    lastError: fields.optionalText('lastError'),
  };
}

type Counts = NonNullable<ManagerStatus['requests']>;

function isCounts(value: unknown): value is Counts {
  const isObject = (each: unknown): each is object => typeof each === 'object' && each !== null;
  return (
    isObject(value) &&
    Object.values(value).every(
      (counts) => isObject(counts) && Object.values(counts).every((each) => typeof each === 'number'),
    )
  );
}

/** Parses what a token allows. @throws `BAD_ANSWER` */
export function readWhoami(json: string): Whoami {
  const fields = JsonObject.parse(json, refusing('whoami'));
  return {
    name: fields.optionalText('name'),
    scopes: fields.optionalTexts('scopes') ?? [],
    cluster: fields.optionalText('cluster'),
    open: fields.boolean('open'),
  };
}
