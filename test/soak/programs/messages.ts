/** What a process of many clients is asked to do; in JSON on its command line. */
export interface ClientsSetup {
  readonly name: string;
  readonly count: number;
  readonly endpoint: string;
  /** Of everything that its nodes keep. */
  readonly dir: string;
  readonly seed: number;
  /** Milliseconds between two rounds of changes, of which several are made at once, and between two nodes that go and come again. */
  readonly changePause: number;
  readonly churnPause: number;
}

/** `rest`: no more changes, every node open. `end`: close everything. */
export type Order = 'rest' | 'judge' | 'end';

/** How a process stands. */
export interface Sample {
  /** Bytes, after a collection of garbage. */
  readonly heap: number;
  readonly resident: number;
  /** Timers, sockets and whatever else keeps a process alive. */
  readonly resources: number;
}

export interface Counts {
  readonly changes: number;
  readonly failed: number;
  readonly unknown: number;
  readonly conflicts: number;
  readonly heartbeats: number;
  readonly synced: number;
  readonly opened: number;
}

/** A node in the end. */
export interface FinalNode {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
  /** What its own changes came to, where that is known, and what is there. */
  readonly expected: boolean | undefined;
  readonly found: boolean;
}

export type SoakReport =
  | {
      readonly kind: 'sample';
      readonly sample: Sample;
      readonly counts: Counts;
      readonly settled: readonly number[];
    }
  /** A heartbeat failed with all its attempts. `at`: milliseconds since 1970. */
  | { readonly kind: 'heartbeatFailed'; readonly node: string; readonly at: number; readonly error: string }
  | { readonly kind: 'complaint'; readonly node: string; readonly what: string }
  | { readonly kind: 'resting' }
  | { readonly kind: 'final'; readonly nodes: readonly FinalNode[] };
