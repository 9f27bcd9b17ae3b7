import type { Call, Contents, Operation } from '../history.js';

/** How a node is set up; in JSON on its command line. */
export interface NodeSetup {
  readonly name: string;
  /** Of everything that it keeps: it is started on it again after it was killed. */
  readonly dir: string;
  readonly endpoints: readonly string[];
  /** Whether it is of a release with deltas. */
  readonly usesDeltas: boolean;
  /** URL of an InfluxDB server that follows. */
  readonly influxd?: string;
}

/** What the harness asks of a node. */
export type Request =
  | { readonly id: number; readonly call: Call }
  /** Resolves when it has this version by itself. */
  | { readonly id: number; readonly waitForVersion: number }
  /** Writes a point to its InfluxDB. */
  | { readonly id: number; readonly write: { readonly database: string; readonly value: string } }
  /** Responds with the error of the last convergence of its InfluxDB, unless it completed. */
  | { readonly id: number; readonly lastFailure: true }
  | { readonly id: number; readonly close: true };

/** Its response to a request. */
export type Answer = Pick<Operation, 'begin' | 'end' | 'outcome' | 'result' | 'at' | 'error'> & {
  readonly written?: Written;
};

/** What a node knew of its server when it wrote a point. */
export interface Written {
  /** The version that the server was in sync with before. */
  readonly applied: number;
  /** The version of the node after: no later one can have been applied. */
  readonly held: number;
  /** Convergences of this process so far. */
  readonly convergences: number;
}

/** What a node reports. */
export type Report =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | {
      readonly kind: 'observed';
      readonly time: number;
      readonly epoch: string;
      readonly version: number;
      readonly digest: string;
    }
  | { readonly kind: 'complaint'; readonly time: number; readonly what: string };

/** Every key of a node's metadata, and the empty text for those of `keys` that are not there. */
export type { Contents };

/** Microseconds of the clock that all processes of a machine share. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n);
