import { type CfluxError, type CfluxErrorCode, type CfluxErrorOf, isCfluxError } from 'clusterflux';
import { describe, expectTypeOf, it } from 'vitest';

declare const unknownError: unknown;
declare const cfluxError: CfluxError;
declare const either: CfluxError | string;
declare const anyCode: CfluxErrorCode;
declare const twoCodes: 'TIMEOUT' | 'CLOSED';
declare const maybeCode: 'TIMEOUT' | undefined;

describe('isCfluxError without a code', () => {
  it('narrows unknown to a CfluxError, and leaves unknown otherwise', () => {
    if (isCfluxError(unknownError)) expectTypeOf(unknownError).toEqualTypeOf<CfluxError>();
    else expectTypeOf(unknownError).toBeUnknown();
  });

  it('leaves nothing of a CfluxError otherwise, because each is one', () => {
    if (isCfluxError(cfluxError)) expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
    else expectTypeOf(cfluxError).toBeNever();
    if (isCfluxError(either)) expectTypeOf(either).toEqualTypeOf<CfluxError>();
    else expectTypeOf(either).toBeString();
  });
});

describe('isCfluxError with a code', () => {
  it('narrows unknown to an error with that code, and leaves unknown otherwise', () => {
    if (isCfluxError(unknownError, 'TIMEOUT')) {
      expectTypeOf(unknownError).toExtend<CfluxError>();
      expectTypeOf(unknownError.code).toEqualTypeOf<'TIMEOUT'>();
    } else expectTypeOf(unknownError).toBeUnknown();
  });

  it('leaves a CfluxError otherwise, which may have another code', () => {
    if (isCfluxError(cfluxError, 'TIMEOUT')) expectTypeOf(cfluxError.code).toEqualTypeOf<'TIMEOUT'>();
    else expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
    if (isCfluxError(either, 'TIMEOUT')) expectTypeOf(either.code).toEqualTypeOf<'TIMEOUT'>();
    else expectTypeOf(either).toEqualTypeOf<CfluxError | string>();
  });

  it('leaves a CfluxError after several codes', () => {
    if (isCfluxError(cfluxError, 'TIMEOUT') || isCfluxError(cfluxError, 'CLOSED')) {
      expectTypeOf(cfluxError.code).toEqualTypeOf<'TIMEOUT' | 'CLOSED'>();
    } else expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
  });

  it('takes a code that is only known at run time', () => {
    if (isCfluxError(cfluxError, twoCodes)) {
      expectTypeOf(cfluxError.code).toEqualTypeOf<'TIMEOUT' | 'CLOSED'>();
    } else expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
    if (isCfluxError(cfluxError, anyCode)) {
      expectTypeOf(cfluxError).toExtend<CfluxError>();
      expectTypeOf(cfluxError.code).toEqualTypeOf<CfluxErrorCode>();
    } else expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
    if (isCfluxError(unknownError, anyCode)) expectTypeOf(unknownError).toExtend<CfluxError>();
    else expectTypeOf(unknownError).toBeUnknown();
  });

  it('promises no code when the code may be missing', () => {
    if (isCfluxError(cfluxError, maybeCode)) expectTypeOf(cfluxError.code).toEqualTypeOf<CfluxErrorCode>();
    else expectTypeOf(cfluxError).toEqualTypeOf<CfluxError>();
  });

  it('refuses a string that is not a code', () => {
    // @ts-expect-error no such code
    isCfluxError(unknownError, 'TIMED_OUT');
  });

  it('gives the type of an error with a code a name', () => {
    expectTypeOf<CfluxErrorOf<'TIMEOUT'>>().toExtend<CfluxError>();
    expectTypeOf<CfluxErrorOf<'TIMEOUT'>['code']>().toEqualTypeOf<'TIMEOUT'>();
  });
});
