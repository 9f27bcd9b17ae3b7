import { describe, expect, it } from 'vitest';
import { type Classification, classify, nowhere, type Position } from '../../src/client/local/position.js';

const here: Position = { version: 10, epoch: 'E', mutation: 'm10' };

const cases: [string, Position, Position, Classification][] = [
  ['anything, to a node that has nothing', nowhere, { version: 3, epoch: 'F' }, 'newer'],
  ['a higher version of the same history', here, { version: 11, epoch: 'E', mutation: 'm11' }, 'newer'],
  ['the same version', here, { version: 10, epoch: 'E', mutation: 'm10' }, 'same'],
  ['the same version from a manager without epochs and mutations', here, { version: 10 }, 'same'],
  ['a higher version from a manager without epochs', here, { version: 12 }, 'newer'],
  ['a version that went back', here, { version: 9, epoch: 'E', mutation: 'm9' }, 'otherHistory'],
  ['a version that went back, without epochs', { version: 10 }, { version: 9 }, 'otherHistory'],
  ['another epoch, though the version is higher', here, { version: 99, epoch: 'F' }, 'otherHistory'],
  [
    'the same version made by another mutation',
    here,
    { version: 10, epoch: 'E', mutation: 'x' },
    'otherHistory',
  ],
];

describe('R5, R11: classifying a response', () => {
  it.each(cases)('%s', (_, position, answer, classification) => {
    expect(classify(position, answer)).toBe(classification);
  });
});
