import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory } from './checker/check-history.js';
import { firstViolation, judge } from './checker/first-violation.js';
import { linearizable } from './checker/linearizable.js';
import { objectModel, wholeModel } from './checker/models.js';
import { partition } from './checker/partition.js';
import { checkTruth } from './checker/truth.js';
import { checkVersions } from './checker/versions.js';
import type { Call, Observation, Operation, Result } from './history.js';
import { bruteForce } from './support/brute-force.js';
import { append, create, drop, failed, ok, read, unknown } from './support/histories.js';

const judgeKey = (operations: readonly Operation[], key = 'k') => judge(partition(operations).get(key) ?? []);
const judgeWhole = (operations: readonly Operation[]) =>
  linearizable(
    wholeModel,
    operations
      .filter(({ outcome }) => outcome !== 'failed')
      .map(({ call, begin, end, outcome, result }) => ({
        call,
        begin,
        end,
        result,
        isCertain: outcome === 'ok',
      })),
  );

describe('the checker finds', () => {
  it.each<[string, Operation[]]>([
    ['a lost update', [ok(append('a'), 0, 1), ok(append('b'), 2, 3), ok(read, 4, 5, { k: 'b' })]],
    ['an acknowledged change that is gone', [ok(append('a'), 0, 1), ok(read, 2, 3, {})]],
    [
      'a stale read',
      [ok(append('a'), 0, 1), ok(read, 2, 3, { k: 'a' }), ok(append('b'), 4, 5), ok(read, 6, 7, { k: 'a' })],
    ],
    [
      'reads that go back while the change is still under way',
      [ok(append('a'), 0, 9), ok(read, 1, 2, { k: 'a' }), ok(read, 3, 4, {})],
    ],
    ['a change that was applied twice', [ok(append('a'), 0, 1), ok(read, 2, 3, { k: 'a a' })]],
    ['a change that is refused since it was made already', [ok(append('a'), 0, 1, 'exists')]],
    ['a change that failed for certain and is seen', [failed(append('a'), 0, 1), ok(read, 2, 3, { k: 'a' })]],
    [
      'an order that two reads see differently',
      [
        ok(append('a'), 0, 9),
        ok(append('b'), 0, 9),
        ok(read, 10, 11, { k: 'a b' }),
        ok(read, 12, 13, { k: 'b a' }),
      ],
    ],
    [
      'an order against that of time',
      [ok(append('a'), 0, 1), ok(append('b'), 2, 3), ok(read, 4, 5, { k: 'b a' })],
    ],
    [
      'an unknown change that goes again',
      [unknown(append('a'), 0), ok(read, 2, 3, { k: 'a' }), ok(read, 4, 5, {})],
    ],
    [
      'an unknown change that is seen before it was asked for',
      [ok(read, 0, 1, { k: 'a' }), unknown(append('a'), 2)],
    ],
    ['an unknown change that was made twice', [unknown(append('a'), 0), ok(read, 2, 3, { k: 'a a' })]],
    ['what was created twice', [ok(create('1'), 0, 1), ok(create('2'), 2, 3)]],
    ['what was dropped though it was not there', [ok(drop(), 0, 1)]],
    ['a value that nobody gave', [ok(create('1'), 0, 1), ok(read, 2, 3, { k: '2' })]],
  ])('%s', (_, operations) => {
    expect(judgeKey(operations)).toBe('violated');
    expect(judgeWhole(operations)).toBe('violated');
    expect(checkHistory({ operations, observations: [], complaints: [] }, new Map()).isGood).toBe(false);
  });
});

describe('the checker allows', () => {
  it.each<[string, Operation[]]>([
    ['nothing at all', []],
    [
      'changes at the same time, in either order',
      [ok(append('a'), 0, 9), ok(append('b'), 1, 8), ok(read, 10, 11, { k: 'b a' })],
    ],
    [
      'a read that sees a change under way, and one that does not yet',
      [ok(append('a'), 0, 9), ok(read, 1, 2, {}), ok(read, 3, 4, { k: 'a' })],
    ],
    [
      'an unknown change that never happened',
      [unknown(append('a'), 0), ok(read, 2, 3, {}), ok(append('b'), 4, 5), ok(read, 6, 7, { k: 'b' })],
    ],
    [
      'an unknown change that happened at once',
      [unknown(append('a'), 0), ok(append('b'), 2, 3), ok(read, 4, 5, { k: 'a b' })],
    ],
    [
      'an unknown change that happened much later',
      [
        unknown(append('a'), 0),
        ok(append('b'), 2, 3),
        ok(read, 4, 5, { k: 'b' }),
        ok(read, 6, 7, { k: 'b a' }),
      ],
    ],
    ['a change that failed and is not seen', [failed(append('a'), 0, 1), ok(read, 2, 3, {})]],
    [
      'what was created again by one whose outcome is unknown',
      [
        ok(create('1'), 0, 1),
        ok(drop(), 2, 3),
        unknown(create('2'), 4),
        ok(create('3'), 5, 6, 'exists'),
        ok(read, 7, 8, { k: '2' }),
      ],
    ],
    [
      'what an unknown drop took away',
      [ok(create('1'), 0, 1), unknown(drop(), 2), ok(create('2'), 3, 4), ok(read, 5, 6, { k: '2' })],
    ],
  ])('%s', (_, operations) => {
    expect(judgeKey(operations)).toBe('linearizable');
    expect(judgeWhole(operations)).toBe('linearizable');
  });
});

it('what is right for each key may be wrong for all of them: two reads that saw two changes in different orders', () => {
  const operations = [
    ok(append('a', 'x'), 0, 9, 'done', 1),
    ok(append('b', 'y'), 0, 9, 'done', 2),
    ok(read, 1, 8, { x: 'a' }, 1),
    ok(read, 1, 8, { y: 'b' }, 2),
  ];
  expect(judgeKey(operations, 'x')).toBe('linearizable');
  expect(judgeKey(operations, 'y')).toBe('linearizable');
  expect(judgeWhole(operations)).toBe('violated');
  expect(checkVersions({ operations, observations: [], complaints: [] })).toEqual([
    expect.stringContaining('version 2 has not x a of version 1'),
  ]);
});

describe('by versions', () => {
  const wrong = (operations: readonly Operation[], observations: readonly Observation[] = []) =>
    checkVersions({ operations, observations, complaints: [] });
  const seen = (client: string, version: number, digest: string, epoch = 'e'): Observation => ({
    client,
    time: 0,
    at: { epoch, version },
    digest,
  });

  it('a read is of the newest version, a change makes a newer one', () => {
    expect(
      wrong([
        ok(append('a'), 0, 1, 'done', 5),
        ok(read, 2, 3, { k: 'a' }, 5),
        ok(append('b'), 4, 5, 'done', 6),
      ]),
    ).toEqual([]);
    expect(wrong([ok(append('a'), 0, 1, 'done', 5), ok(read, 2, 3, {}, 4)])).toEqual([
      expect.stringContaining('has version 4'),
    ]);
    expect(wrong([ok(append('a'), 0, 1, 'done', 5), ok(append('b'), 2, 3, 'done', 5)])).toEqual([
      expect.stringContaining('has version 5'),
    ]);
  });

  it('a change shows from its version on, and not before', () => {
    expect(wrong([ok(append('a'), 0, 9, 'done', 5), ok(read, 0, 9, {}, 6)])).toEqual([
      expect.stringContaining('has not k a'),
    ]);
    expect(wrong([ok(append('a'), 0, 9, 'done', 5), ok(read, 0, 9, { k: 'a' }, 4)])).toEqual([
      expect.stringContaining('has k a'),
    ]);
  });

  it('a version has the same contents on all nodes, versions rise on each node, and the epoch stays', () => {
    expect(wrong([], [seen('n0', 1, 'x'), seen('n1', 1, 'x'), seen('n0', 2, 'y')])).toEqual([]);
    expect(wrong([], [seen('n0', 1, 'x'), seen('n1', 1, 'y')])).toEqual([
      expect.stringContaining('one thing to n0'),
    ]);
    expect(wrong([], [seen('n0', 2, 'x'), seen('n0', 1, 'y')])).toEqual([
      expect.stringContaining('fell from version 2 to 1'),
    ]);
    expect(wrong([], [seen('n0', 1, 'x'), seen('n0', 2, 'y', 'f')])).toEqual([
      expect.stringContaining('epoch changed'),
    ]);
  });
});

describe('in the end', () => {
  it('nothing acknowledged is lost, nothing that failed is there, nothing is there twice or unasked for', () => {
    expect(
      checkTruth([ok(append('a'), 0, 1), failed(append('b'), 0, 1), unknown(append('c'), 0)], { k: 'a' }),
    ).toEqual([]);
    expect(checkTruth([unknown(append('c'), 0)], { k: 'c' })).toEqual([]);
    expect(checkTruth([ok(append('a'), 0, 1)], {})).toEqual([expect.stringContaining('is lost')]);
    expect(checkTruth([failed(append('b'), 0, 1)], { k: 'b' })).toEqual([
      expect.stringContaining('failed for certain'),
    ]);
    expect(checkTruth([unknown(append('c'), 0)], { k: 'c c' })).toEqual([expect.stringContaining('2 times')]);
    expect(checkTruth([ok(append('a'), 0, 1, 'exists')], { k: 'a' })).toEqual([
      expect.stringContaining('twice'),
    ]);
    expect(checkTruth([], { k: 'd' })).toEqual(['nobody asked for k d']);
  });

  it('every node has the same', () => {
    const final = (other: Record<string, string>) =>
      new Map([
        ['n0', { k: 'a' }],
        ['n1', other],
      ]);
    const history = { operations: [ok(append('a'), 0, 1)], observations: [], complaints: [] };
    expect(checkHistory(history, final({ k: 'a', x: '' })).findings).toEqual([]);
    expect(checkHistory(history, final({})).findings).toEqual(['n1 has other metadata than n0']);
  });
});

it('names the operation from which on nothing explains a history', () => {
  const lost = ok(read, 4, 5, { k: 'b' });
  const operations = [
    ok(append('a'), 0, 1),
    ok(append('b'), 2, 3),
    lost,
    ok(read, 6, 7, { k: 'b' }),
    ok(append('c'), 8, 9),
  ];
  expect(firstViolation(partition(operations).get('k') ?? [])?.id).toBe(lost.id);
});

it('reports an unknown result instead of searching without limit', () => {
  // Twenty changes under way at once, and a read that none of their orders explains.
  const changes = Array.from({ length: 20 }, (_, i) => ok(create(`${i}`, 'k'), 0, 100, 'exists'));
  const drops = Array.from({ length: 20 }, () => unknown(drop(), 0));
  const makes = Array.from({ length: 20 }, (_, i) => unknown(create(`x${i}`), 0));
  const operations = [...changes, ...drops, ...makes, ok(read, 0, 100, { k: 'nobody’s' })];
  const ofKey = partition(operations).get('k') ?? [];
  expect(linearizable(objectModel(), ofKey, { most: 10_000 })).toBe('undecided');
});

it('decides with any number of concurrent reads', () => {
  const values = Array.from({ length: 40 }, (_, i) => `v${i}`);
  const changes = values.map((value, i) => ok(append(value), 10 * i, 10 * i + 5));
  const listAfter = (count: number) => values.slice(0, count).join(' ');
  const reads = [...values, ...values].map((_, i) => ok(read, 0, 1_000, { k: listAfter(i % 41) }));
  const right = [...changes, ...reads];
  const limits = { most: 1_000 };
  const judged = (operations: readonly Operation[]) =>
    linearizable(objectModel(), partition(operations).get('k') ?? [], limits);
  expect(judged(right)).toBe('linearizable');
  expect(judged([...right, ok(read, 0, 99, { k: listAfter(11) })])).toBe('violated');
});

describe('held against trying every order', () => {
  const values = fc.constantFrom('a', 'b', 'c');
  const keys = fc.constantFrom('x', 'y');
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.record({ do: fc.constant('append' as const), key: keys, value: values }),
    fc.record({ do: fc.constant('create' as const), key: keys, value: values }),
    fc.record({ do: fc.constantFrom('drop' as const, 'make' as const, 'remove' as const), key: keys }),
    fc.constant({ do: 'read' as const }),
  );
  const appends = fc.oneof(
    fc.record({ do: fc.constant('append' as const), key: fc.constant('x'), value: values }),
    fc.constant({ do: 'read' as const }),
  );
  const span = fc.tuple(fc.nat(12), fc.nat(5));

  /** Operations whose results are mostly what some order gives: drawn at random they would hardly ever be linearizable. */
  const historiesOf = (calls: fc.Arbitrary<Call>) =>
    fc.array(fc.tuple(calls, span, fc.nat(9), fc.nat(9)), { maxLength: 6 }).map((drawn) => {
      let state = wholeModel.initial;
      const steps = [...drawn].sort(([, [a], x], [, [b], y]) => a - b || x - y);
      return steps.map(([call, [begin, length], luck, twist]) => {
        const results: Result[] = call.do === 'read' ? [JSON.parse(state)] : ['done', 'exists', 'missing'];
        const result = results.find((one) => wholeModel.step(state, call, one) !== undefined) ?? 'done';
        if (luck > 0) state = wholeModel.step(state, call, result) ?? state;
        const isCertain = luck < 8;
        const notified = twist === 0 ? (call.do === 'read' ? {} : 'done') : result;
        return {
          call,
          begin,
          end: isCertain ? begin + length : Number.POSITIVE_INFINITY,
          result: isCertain ? notified : undefined,
          isCertain,
        };
      });
    });

  it('the whole model: the same judgement for every small history', () => {
    const judgements = { linearizable: 0, violated: 0, undecided: 0 };
    fc.assert(
      fc.property(historiesOf(call), (operations) => {
        const classification = linearizable(wholeModel, operations);
        judgements[classification] += 1;
        expect(classification).toBe(bruteForce(wholeModel, operations));
      }),
      { numRuns: 2_000 },
    );
    // A property that only ever sees one side holds nothing.
    expect(Math.min(judgements.linearizable, judgements.violated)).toBeGreaterThan(100);
  });

  it('lists, with the hint of the longest read: the same judgement for every small history', () => {
    const judgements = { linearizable: 0, violated: 0, undecided: 0 };
    fc.assert(
      fc.property(historiesOf(appends), (operations) => {
        const history = operations.map(
          (each, id): Operation => ({
            id,
            client: 'n',
            call: each.call,
            begin: each.begin,
            end: each.end,
            outcome: each.isCertain ? 'ok' : 'unknown',
            ...(each.result === undefined ? {} : { result: each.result }),
          }),
        );
        for (const ofKey of partition(history).values()) {
          const classification = judge(ofKey);
          judgements[classification] += 1;
          expect(classification).toBe(bruteForce(objectModel(), ofKey));
        }
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(judgements.linearizable, judgements.violated)).toBeGreaterThan(100);
  });
});
