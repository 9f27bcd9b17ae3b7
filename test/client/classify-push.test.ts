import { CfluxError, type PushResult } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { classifyPush, type Push, type PushResponse } from '../../src/client/commit/classify-push.js';
import type { Position } from '../../src/client/local/position.js';

const ours = Uint8Array.of(1, 2, 3);
const others = Uint8Array.of(4, 5);
const none = new CfluxError('UNAVAILABLE', 'busy', { outcome: 'notApplied' });
const unknown = new CfluxError('TIMEOUT', 'no response', { outcome: 'unknown' });
const silent = new CfluxError('MANAGER_FAILED', 'bad gateway');
const notOurs = new Error('a mistake of a transport');

const push = (base: Position): Push => ({ base, mutation: 'm', snapshot: ours });
const v10 = { version: 10, epoch: 'E', mutation: 'm10' };
const legacy = { version: 10 };
const nothing = { version: 0, epoch: 'E' };

/** How a table writes an outcome: stored with its position, or the kind and whether the outcome is unknown. */
type Expected =
  | { stored: Position }
  | { kind: 'conflict' | 'epochMismatch' | 'failed'; mayBeStored: boolean };

const certainly = (kind: 'conflict' | 'epochMismatch' | 'failed'): Expected => ({ kind, mayBeStored: false });
const perhaps = (kind: 'conflict' | 'epochMismatch' | 'failed'): Expected => ({ kind, mayBeStored: true });

/** 200 */
const committed: [string, Position, PushResult, Expected][] = [
  [
    'the version that follows',
    v10,
    { kind: 'committed', version: 11, epoch: 'E' },
    { stored: { version: 11, epoch: 'E', mutation: 'm' } },
  ],
  [
    'no epoch in the response: that of the base',
    v10,
    { kind: 'committed', version: 11 },
    { stored: { version: 11, epoch: 'E', mutation: 'm' } },
  ],
  [
    'the first version',
    nothing,
    { kind: 'committed', version: 1, epoch: 'E' },
    { stored: { version: 1, epoch: 'E', mutation: 'm' } },
  ],
  ['R5: the version of the base', v10, { kind: 'committed', version: 10, epoch: 'E' }, perhaps('failed')],
  ['R5: a lower version', v10, { kind: 'committed', version: 3, epoch: 'E' }, perhaps('failed')],
  ['R5: a lower version without an epoch', v10, { kind: 'committed', version: 3 }, perhaps('failed')],
  [
    'R11: a lower version of another epoch',
    v10,
    { kind: 'committed', version: 3, epoch: 'F' },
    { stored: { version: 3, epoch: 'F', mutation: 'm' } },
  ],
  [
    'a legacy manager: no mutation is kept',
    legacy,
    { kind: 'committed', version: 11 },
    { stored: { version: 11, epoch: undefined, mutation: undefined } },
  ],
  [
    'a legacy manager that lost its data and counts from the start',
    legacy,
    { kind: 'committed', version: 1 },
    { stored: { version: 1, epoch: undefined, mutation: undefined } },
  ],
  [
    'a manager that was updated meanwhile',
    legacy,
    { kind: 'committed', version: 11, epoch: 'E' },
    { stored: { version: 11, epoch: 'E', mutation: 'm' } },
  ],
];

const stored = { stored: { version: 11, epoch: 'E', mutation: 'm' } };
const storedByLegacy = { stored: { version: 11, epoch: undefined, mutation: undefined } };

/** 409: whose mutation it names, whose bytes it shows, whether a response was lost before. */
const conflicts: [
  mutation: 'ours' | 'others' | 'none',
  bytes: 'ours' | 'others',
  answerLost: boolean,
  withEpoch: Expected,
  legacy: Expected,
][] = [
  // R2: an earlier attempt was stored, whatever bytes the manager shows.
  ['ours', 'ours', false, stored, storedByLegacy],
  ['ours', 'ours', true, stored, storedByLegacy],
  ['ours', 'others', false, stored, storedByLegacy],
  ['ours', 'others', true, stored, storedByLegacy],
  // R27: a manager that knows mutation ids would have recognized ours.
  ['others', 'ours', false, certainly('conflict'), certainly('conflict')],
  ['others', 'ours', true, certainly('conflict'), certainly('conflict')],
  ['others', 'others', false, certainly('conflict'), certainly('conflict')],
  ['others', 'others', true, certainly('conflict'), certainly('conflict')],
  // R3: two nodes may push the same bytes; only after a lost response they are ours.
  ['none', 'ours', false, certainly('conflict'), certainly('conflict')],
  ['none', 'ours', true, stored, storedByLegacy],
  ['none', 'others', false, certainly('conflict'), certainly('conflict')],
  ['none', 'others', true, perhaps('conflict'), perhaps('conflict')],
];

/** 412, and no response. */
const others412: [string, PushResponse, Expected][] = [
  ['412', { kind: 'epochMismatch', epoch: 'F', version: 3 }, certainly('epochMismatch')],
  [
    '412 of a manager without data',
    { kind: 'epochMismatch', epoch: 'F', version: 0 },
    certainly('epochMismatch'),
  ],
  ['412 without a version', { kind: 'epochMismatch', epoch: 'F' }, certainly('epochMismatch')],
  [
    '412, no response lost',
    { kind: 'epochMismatch', epoch: 'F', answerLost: false },
    certainly('epochMismatch'),
  ],
  [
    '412 after a lost response',
    { kind: 'epochMismatch', epoch: 'F', version: 3, answerLost: true },
    perhaps('epochMismatch'),
  ],
  ['a refusal', { kind: 'failed', error: none, isAborted: false }, certainly('failed')],
  [
    'a refusal, but the client gave up (R13)',
    { kind: 'failed', error: none, isAborted: true },
    perhaps('failed'),
  ],
  ['a lost response', { kind: 'failed', error: unknown, isAborted: false }, perhaps('failed')],
  [
    'a lost response, and the client gave up',
    { kind: 'failed', error: unknown, isAborted: true },
    perhaps('failed'),
  ],
  ['an error without an outcome', { kind: 'failed', error: silent, isAborted: false }, perhaps('failed')],
  [
    'an error that is not a CfluxError',
    { kind: 'failed', error: notOurs, isAborted: false },
    perhaps('failed'),
  ],
  ['nothing that is an error', { kind: 'failed', error: undefined, isAborted: false }, perhaps('failed')],
];

function check(base: Position, response: PushResponse, expected: Expected): void {
  const outcome = classifyPush(push(base), response);
  if ('stored' in expected)
    expect(outcome).toEqual({ kind: 'stored', form: 'snapshot', position: expected.stored });
  else expect(outcome).toMatchObject(expected);
}

describe('R2, R3, R5, R27: the outcome of a push', () => {
  it.each(committed)('200: %s', (_, base, response, expected) => check(base, response, expected));

  it('409: the table has every combination once', () => {
    const combinations = conflicts.map(
      ([mutation, bytes, answerLost]) => `${mutation} ${bytes} ${answerLost}`,
    );
    expect(new Set(combinations).size).toBe(3 * 2 * 2);
    expect(conflicts).toHaveLength(3 * 2 * 2);
  });

  it.each(conflicts)(
    '409: mutation of %s, bytes of %s, a response was lost: %s',
    (whose, bytes, answerLost, withEpoch, ofLegacy) => {
      const mutation = { ours: 'm', others: 'x', none: undefined }[whose];
      const conflict = {
        kind: 'conflict' as const,
        version: 11,
        snapshot: bytes === 'ours' ? Uint8Array.from(ours) : others,
        ...(mutation === undefined ? {} : { mutation }),
        // Absent and false are the same.
        ...(answerLost ? { answerLost } : {}),
      };
      check(v10, { ...conflict, epoch: 'E' }, withEpoch);
      check(legacy, conflict, ofLegacy);
      if (!answerLost) check(v10, { ...conflict, epoch: 'E', answerLost: false }, withEpoch);
    },
  );

  it('409: a conflict hands on the newest version, and an epoch mismatch the history', () => {
    const newest = { version: 11, epoch: 'E', mutation: 'x', snapshot: others };
    expect(classifyPush(push(v10), { kind: 'conflict', ...newest, answerLost: true })).toEqual({
      kind: 'conflict',
      newest,
      mayBeStored: false,
    });
    expect(classifyPush(push(v10), { kind: 'epochMismatch', epoch: 'F', version: 3 })).toEqual({
      kind: 'epochMismatch',
      history: { epoch: 'F', version: 3 },
      mayBeStored: false,
    });
  });

  it('R5: 409 that names our mutation with a version that did not rise is not believed', () => {
    const response: PushResult = { kind: 'conflict', version: 10, epoch: 'E', mutation: 'm', snapshot: ours };
    check(v10, response, perhaps('failed'));
  });

  it.each(others412)('%s', (_, response, expected) => {
    check(v10, response, expected);
    check(legacy, response, expected);
  });

  it('an error is handed on as it is, and a version that went back is a BAD_ANSWER', () => {
    const failed = { kind: 'failed', error: notOurs, isAborted: false } as const;
    expect(classifyPush(push(v10), failed)).toEqual({ kind: 'failed', error: notOurs, mayBeStored: true });
    expect(classifyPush(push(v10), { kind: 'committed', version: 9, epoch: 'E' })).toMatchObject({
      error: { code: 'BAD_ANSWER', message: expect.stringContaining('version 9 after version 10') },
    });
  });
});
