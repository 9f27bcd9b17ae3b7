/** The values of a retention policy that InfluxQL can set. Durations in nanoseconds; 0 means infinite. */
export interface PolicyValues {
  readonly name: string;
  readonly replicaN: number;
  readonly duration: bigint;
  readonly shardGroupDuration: bigint;
  /** Only for servers that have write limits; 0 means no limit. */
  readonly futureWriteLimit?: bigint;
  readonly pastWriteLimit?: bigint;
}

/** One change of a server, as data; {@link influxqlOf} returns its statements. */
export type Action =
  | { readonly kind: 'createDatabase'; readonly database: string; readonly policy: PolicyValues }
  | {
      readonly kind: 'createRetentionPolicy';
      readonly database: string;
      readonly policy: PolicyValues;
      readonly makeDefault: boolean;
    }
  | {
      readonly kind: 'alterRetentionPolicy';
      readonly database: string;
      readonly policy: string;
      readonly duration?: bigint;
      readonly replicaN?: number;
      readonly shardGroupDuration?: bigint;
      readonly futureWriteLimit?: bigint;
      readonly pastWriteLimit?: bigint;
      readonly makeDefault?: boolean;
    }
  /** Drops a policy that the mirror itself created, only while nothing is stored in it. */
  | { readonly kind: 'dropScaffold'; readonly database: string; readonly policy: string }
  | {
      readonly kind: 'createContinuousQuery' | 'replaceContinuousQuery';
      readonly database: string;
      readonly name: string;
      readonly statement: string;
    }
  | {
      readonly kind: 'createSubscription' | 'replaceSubscription';
      readonly database: string;
      readonly policy: string;
      readonly name: string;
      readonly mode: 'ALL' | 'ANY';
      readonly destinations: readonly string[];
    }
  | { readonly kind: 'createUser'; readonly user: string; readonly admin: boolean }
  | { readonly kind: 'setPassword'; readonly user: string }
  | { readonly kind: 'setAdmin'; readonly user: string; readonly admin: boolean }
  | {
      readonly kind: 'grant';
      readonly user: string;
      readonly database: string;
      readonly privilege: 1 | 2 | 3;
    }
  | { readonly kind: 'revoke'; readonly user: string; readonly database: string }
  | {
      readonly kind: 'dropSubscription';
      readonly database: string;
      readonly policy: string;
      readonly name: string;
    }
  | { readonly kind: 'dropContinuousQuery'; readonly database: string; readonly name: string }
  | { readonly kind: 'dropRetentionPolicy'; readonly database: string; readonly policy: string }
  | { readonly kind: 'dropDatabase'; readonly database: string }
  | { readonly kind: 'dropUser'; readonly user: string };
