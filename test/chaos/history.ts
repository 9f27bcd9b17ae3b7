/**
 * What clients ask for. A key is one thing of the metadata: the list of subscriptions of a database (`append`), one
 * subscription that comes and goes (`create`, `drop`), or a database (`make`, `remove`; `recreate` orders its drop, and creates it in the
 * same change). Only `read` is about several: `keys`, or
 * where that is absent all.
 */
export type Call =
  | { readonly do: 'append' | 'create' | 'recreate'; readonly key: string; readonly value: string }
  | { readonly do: 'drop' | 'make' | 'remove'; readonly key: string }
  | { readonly do: 'read'; readonly keys?: readonly string[] };

/** What a thing of the metadata is, as text; absent and empty are the same. */
export type Contents = Readonly<Record<string, string>>;

/** A version of the cluster's history. */
export interface At {
  readonly epoch: string;
  readonly version: number;
}

/** The result of the caller: a change was `done`, or not done because the item already existed, or did not exist. */
export type Result = 'done' | 'exists' | 'missing' | Contents;

/** One operation of a client, from the moment it was asked for to the moment its result was known; microseconds of one clock. */
export interface Operation {
  readonly id: number;
  /** Which node, in which of its lives. */
  readonly client: string;
  readonly call: Call;
  readonly begin: number;
  /** Infinity where the outcome is unknown: it may happen at any later time. */
  readonly end: number;
  /** `failed`: for certain, it never happens. `unknown`: it may have happened, may yet, or never will. */
  readonly outcome: 'ok' | 'failed' | 'unknown';
  /** Of one that is `ok`. */
  readonly result?: Result;
  /** The version that was read, or that holds the change. */
  readonly at?: At;
  /** Why it is not `ok`. */
  readonly error?: string;
}

/** A node has a version, and which data that is. */
export interface Observation {
  readonly client: string;
  readonly time: number;
  readonly at: At;
  readonly digest: string;
}

/** An event that no node should emit in such a run. */
export interface Complaint {
  readonly client: string;
  readonly time: number;
  readonly what: string;
}

/** Everything that was seen in a run. */
export interface History {
  readonly operations: readonly Operation[];
  readonly observations: readonly Observation[];
  readonly complaints: readonly Complaint[];
}
