import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../src/protocol/retry-after.js';

describe('parseRetryAfter', () => {
  const now = Date.parse('2024-05-01T12:00:00Z');

  it.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Wed, 01 May 2024 12:01:00 GMT', 60_000],
    ['Wed, 01 May 2024 11:00:00 GMT', 0],
    ['', undefined],
    ['soon', undefined],
    ['99999999999999', undefined],
    [null, undefined],
  ])('reads %j as %s', (value, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
  });

  it('does not take a negative or broken number for a date of long ago', () => {
    expect(parseRetryAfter('-5', now)).toBeUndefined();
    expect(parseRetryAfter('1.5', now)).toBeUndefined();
  });
});
