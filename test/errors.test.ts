import { CfluxError, isCfluxError } from 'clusterflux';
import { describe, expect, it } from 'vitest';

describe('CfluxError', () => {
  it('is recognized by its code, across copies of the package', () => {
    const error = new CfluxError('TIMEOUT', 'too late', { retryable: true });
    expect(isCfluxError(error)).toBe(true);
    expect(isCfluxError(error, 'TIMEOUT')).toBe(true);
    expect(isCfluxError(error, 'CLOSED')).toBe(false);
    expect(isCfluxError(new Error('TIMEOUT'))).toBe(false);
    expect(isCfluxError(undefined)).toBe(false);
    const ofAnotherCopy = Object.assign(new Error('x'), {
      code: 'CLOSED',
      [Symbol.for('clusterflux.error')]: true,
    });
    expect(isCfluxError(ofAnotherCopy, 'CLOSED')).toBe(true);
  });

  it('wraps what is thrown elsewhere and keeps it as the cause', () => {
    const cause = new TypeError('fetch failed');
    expect(CfluxError.from(cause, 'UNREACHABLE')).toMatchObject({
      code: 'UNREACHABLE',
      message: 'fetch failed',
      cause,
    });
    const own = new CfluxError('CLOSED', 'closed');
    expect(CfluxError.from(own, 'UNREACHABLE')).toBe(own);
  });
});
