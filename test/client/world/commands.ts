import type { Fault, FaultyCall } from 'clusterflux/testing';
import fc from 'fast-check';
import { type Tampering, tamperings } from './delta-proxy.js';
import { type Lie, lies } from './lies.js';

/** What may happen in a simulated world, as plain data: fast-check shrinks it and prints it. */
export type Command =
  | { readonly do: 'append'; readonly node: number; readonly times: number }
  /** An append that orders a drop. */
  | { readonly do: 'order'; readonly node: number }
  | { readonly do: 'readOrders'; readonly node: number }
  | { readonly do: 'fail'; readonly node: number }
  | { readonly do: 'grant'; readonly node: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'stall'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'kill'; readonly node: number }
  | { readonly do: 'killAtWrite'; readonly node: number; readonly file: 'record' | 'meta' }
  | { readonly do: 'diskFull'; readonly node: number; readonly file: 'record' | 'meta' }
  | { readonly do: 'start'; readonly node: number; readonly inPlace: boolean }
  | { readonly do: 'close'; readonly node: number }
  | { readonly do: 'part'; readonly node: number }
  | { readonly do: 'mend'; readonly node: number }
  | {
      readonly do: 'lose';
      readonly node: number;
      readonly call: FaultyCall;
      readonly what: 'request' | 'answer';
      /** In a row: six are more than one call has attempts. */
      readonly times: number;
    }
  | {
      readonly do: 'befall';
      readonly node: number;
      readonly call: FaultyCall;
      readonly fault: Pick<
        Fault,
        'requestDelay' | 'answerDelay' | 'lose' | 'duplicate' | 'refuse' | 'deltas'
      >;
    }
  | {
      readonly do: 'lie';
      readonly node: number;
      readonly call: 'push' | 'poll' | 'register';
      readonly lie: Lie;
    }
  | { readonly do: 'tamper'; readonly node: number; readonly how: Tampering }
  | { readonly do: 'behindBack'; readonly node: number }
  | { readonly do: 'copyDisk'; readonly node: number }
  | { readonly do: 'restoreDisk'; readonly node: number }
  /** A second process on a copy of the node's disk. */
  | { readonly do: 'clone'; readonly node: number }
  | { readonly do: 'copyStore' }
  /** The manager's data are put back to the copy. */
  | { readonly do: 'restoreStore' }
  /** An operator makes the version current again that is so many versions older than the newest. */
  | { readonly do: 'rollback'; readonly by: number }
  | { readonly do: 'sicken'; readonly isNode: boolean }
  | { readonly do: 'cure' }
  | { readonly do: 'restartManager' }
  | { readonly do: 'wipeManager' };

const node = fc.nat({ max: 2 });
const call = fc.constantFrom<FaultyCall>('push', 'push', 'poll', 'register', 'heartbeat', 'dropOrders');
const delay = fc.constantFrom(0, 5, 400, 3_000);
/** Delays that differ reorder. */
const fault = fc.record(
  {
    requestDelay: delay,
    answerDelay: delay,
    lose: fc.constantFrom('request', 'answer'),
    duplicate: fc.boolean(),
    refuse: fc.boolean(),
    deltas: fc.constantFrom('refuse', 'damage'),
  },
  { requiredKeys: [] },
);

const common: [number, fc.Arbitrary<Command>][] = [
  [10, fc.record({ do: fc.constant('append'), node, times: fc.integer({ min: 1, max: 4 }) })],
  [4, fc.record({ do: fc.constant('order'), node })],
  [2, fc.record({ do: fc.constant('readOrders'), node })],
  [1, fc.record({ do: fc.constant('fail'), node })],
  [2, fc.record({ do: fc.constant('grant'), node })],
  [6, fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(0, 1, 10, 300, 3_000, 20_000) })],
  [1, fc.record({ do: fc.constant('stall'), ms: fc.constantFrom(6_000, 50_000) })],
  [1, fc.record({ do: fc.constant('jump'), ms: fc.constantFrom(3_600_000, -3_600_000) })],
  [2, fc.record({ do: fc.constant('kill'), node })],
  [1, fc.record({ do: fc.constant('killAtWrite'), node, file: fc.constantFrom('record', 'meta') })],
  [1, fc.record({ do: fc.constant('diskFull'), node, file: fc.constantFrom('record', 'meta') })],
  [4, fc.record({ do: fc.constant('start'), node, inPlace: fc.boolean() })],
  [1, fc.record({ do: fc.constant('close'), node })],
  [2, fc.record({ do: fc.constant('part'), node })],
  [3, fc.record({ do: fc.constant('mend'), node })],
  [
    4,
    fc.record({
      do: fc.constant('lose'),
      node,
      call,
      what: fc.constantFrom('request', 'answer'),
      times: fc.constantFrom(1, 1, 2, 6),
    }),
  ],
  [3, fc.record({ do: fc.constant('befall'), node, call, fault })],
  [
    2,
    fc.record({
      do: fc.constant('lie'),
      node,
      call: fc.constantFrom('push', 'poll', 'poll', 'register'),
      lie: fc.constantFrom(...lies),
    }),
  ],
  [3, fc.record({ do: fc.constant('tamper'), node, how: fc.constantFrom(...tamperings) })],
  [1, fc.record({ do: fc.constant('behindBack'), node })],
  [1, fc.record({ do: fc.constant('sicken'), isNode: fc.boolean() })],
  [1, fc.constant({ do: 'cure' })],
  [1, fc.constant({ do: 'restartManager' })],
];

/** A life of a cluster whose manager keeps its data. */
export const eventfulLife = fc.array(weighted(common), { minLength: 1, maxLength: 40 });

/** A life in which machines and the manager are put back to an earlier state of their disk or copied, and heartbeats are delayed and repeated. */
export const lifeWithRestoredDisks = fc.array(
  weighted([
    ...common,
    [3, fc.record({ do: fc.constant('copyDisk'), node })],
    [3, fc.record({ do: fc.constant('restoreDisk'), node })],
    [1, fc.record({ do: fc.constant('clone'), node })],
    [2, fc.constant({ do: 'copyStore' })],
    [2, fc.constant({ do: 'restoreStore' })],
    [4, fc.record({ do: fc.constant('befall'), node, call: fc.constant('heartbeat'), fault })],
    [2, fc.constant({ do: 'restartManager' })],
    [1, fc.constant({ do: 'wipeManager' })],
  ]),
  { minLength: 1, maxLength: 40 },
);

/** A life in which an operator also makes older versions current again. */
export const lifeWithRollbacks = fc.array(
  weighted([
    ...common,
    [4, fc.record({ do: fc.constant('rollback'), by: fc.integer({ min: 1, max: 9 }) })],
    [4, fc.record({ do: fc.constant('tamper'), node, how: fc.constantFrom(...tamperings) })],
  ]),
  { minLength: 1, maxLength: 40 },
);

/** A life of a cluster whose manager also loses all it has. */
export const lifeWithLosses = fc.array(weighted([...common, [2, fc.constant({ do: 'wipeManager' })]]), {
  minLength: 1,
  maxLength: 40,
});

function weighted(commands: [number, fc.Arbitrary<Command>][]): fc.Arbitrary<Command> {
  return fc.oneof(...commands.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
