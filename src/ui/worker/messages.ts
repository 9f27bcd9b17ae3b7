import type { ManagerStatus } from '../../protocol/manager-status.js';
import type { ListedCluster, ListedManager, ListedNode } from '../../protocol/operator-responses.js';
import type { Access } from '../api/send.js';

/** Everything that the manager lists. */
export interface Listing {
  readonly clusters: readonly ListedCluster[];
  readonly nodes: readonly ListedNode[];
  readonly managers: readonly ListedManager[];
  readonly status: ManagerStatus;
}

/** A line of the differences, as `cflux diff` prints it: `+`, `-` or `~`, and what. */
export type DifferenceLine = string;

/** What changed between two versions, in numbers: `+3 databases`. */
export type ChangeSummary = readonly string[];

/** All databases of a version, as a column each: ten thousand objects would take the page too long to receive. */
export interface DatabaseColumns {
  readonly names: readonly string[];
  /** Names of default policies, each once, and for each database which of them it has. */
  readonly policyNames: readonly string[];
  readonly defaultPolicies: Uint32Array;
  /** How many retention policies and continuous queries each has. */
  readonly policies: Uint32Array;
  readonly queries: Uint32Array;
}

export interface PolicyRow {
  readonly name: string;
  readonly isDefault: boolean;
  /** `for ever`, or a duration literal. */
  readonly duration: string;
  readonly shardDuration: string;
  readonly shardGroups: number;
  readonly subscriptions: readonly {
    readonly name: string;
    readonly mode: string;
    readonly destinations: readonly string[];
  }[];
}

export interface DatabaseDetails {
  readonly name: string;
  readonly policies: readonly PolicyRow[];
  readonly queries: readonly { readonly name: string; readonly query: string }[];
}

export interface UserRow {
  readonly name: string;
  readonly admin: boolean;
  /** For each column, what the user may do there: an administrator may do everything. */
  readonly rights: readonly string[];
}

export interface Page<Row> {
  readonly total: number;
  readonly matching: number;
  /** From the requested offset. */
  readonly rows: readonly Row[];
}

export interface UsersPage extends Page<UserRow> {
  /** Names of databases. */
  readonly columns: readonly string[];
  readonly matchingColumns: number;
}

/** The newest version, on which a rollback is based. */
export interface Base {
  readonly version: number;
  readonly epoch?: string | undefined;
}

export interface Preview {
  readonly base: Base;
  readonly lines: readonly DifferenceLine[];
  readonly isSame: boolean;
  /** Databases and retention policies that would go, and with them their points where agents may drop. */
  readonly dropped: readonly string[];
  /** Why the rollback is refused. */
  readonly refusal?: string | undefined;
}

export type RollbackResult =
  | { readonly kind: 'stored'; readonly version: number }
  | { readonly kind: 'conflict' };

interface OfVersion {
  readonly cluster: string;
  /** The history that the version belongs to. */
  readonly epoch: string;
  readonly version: number;
}

interface OfPair {
  readonly cluster: string;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

interface Slice {
  readonly find: string;
  readonly offset: number;
  readonly limit: number;
}

/** Names a database, a policy of a database, or a user. */
export interface Blamed {
  readonly kind: 'database' | 'policy' | 'user';
  readonly name: string;
  readonly database?: string;
}

/** The kept version that last touched something; `older`: none of them did. */
export type Blame = number | 'older';

/** What the page asks its workers, and what it gets: never a hash. */
export interface Calls {
  readonly list: { readonly request: Readonly<Record<never, never>>; readonly result: Listing };
  /** Reads the newest version before it is known which one that is. */
  readonly prepare: { readonly request: { readonly cluster: string }; readonly result: undefined };
  readonly summary: { readonly request: OfPair; readonly result: ChangeSummary };
  readonly differences: { readonly request: OfPair; readonly result: readonly DifferenceLine[] };
  readonly databases: { readonly request: OfVersion; readonly result: DatabaseColumns };
  readonly database: {
    readonly request: OfVersion & { readonly name: string };
    readonly result: DatabaseDetails | undefined;
  };
  readonly users: {
    readonly request: OfVersion & Slice & { readonly columns: string };
    readonly result: UsersPage;
  };
  readonly blame: {
    readonly request: {
      readonly cluster: string;
      readonly epoch: string;
      readonly kept: readonly number[];
      readonly items: readonly Blamed[];
    };
    readonly result: readonly Blame[];
  };
  readonly preview: { readonly request: OfVersion; readonly result: Preview };
  readonly rollback: {
    readonly request: OfVersion & { readonly base: Base };
    readonly result: RollbackResult;
  };
}

export type CallName = keyof Calls;

export type ToWorker =
  | { readonly type: 'access'; readonly access: Access }
  | {
      readonly [Name in CallName]: {
        readonly type: 'call';
        readonly id: number;
        readonly name: Name;
        readonly request: Calls[Name]['request'];
      };
    }[CallName];

export type FromWorker =
  | { readonly id: number; readonly result: Calls[CallName]['result'] }
  | {
      readonly id: number;
      readonly error: { readonly message: string; readonly status: number; readonly code: string };
    };
