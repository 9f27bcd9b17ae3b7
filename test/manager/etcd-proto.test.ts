import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, ProtoWriter } from '../../src/manager/stores/etcd/api/proto.js';

const fieldNumber = fc.integer({ min: 1, max: 1000 });

describe('the codec of etcd’s messages', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fieldNumber, fc.maxSafeNat(), fc.uint8Array())), (fields) => {
        const writer = new ProtoWriter();
        for (const [number, int, bytes] of fields) writer.int64(number, int).bytes(number, bytes);
        const expected = fields.flatMap(([number, int, bytes]) => [
          ...(int > 0 ? [{ number, int, bytes: new Uint8Array() }] : []),
          ...(bytes.length > 0 ? [{ number, int: 0, bytes: Buffer.from(bytes) }] : []),
        ]);
        expect([...fieldsOf(writer.finish())].map((field) => ({ ...field }))).toEqual(expected);
      }),
    );
  });

  it('writes what the specification of protobuf has as examples', () => {
    expect(new ProtoWriter().int64(1, 150).finish().toString('hex')).toBe('089601');
    expect(new ProtoWriter().text(2, 'testing').finish().toString('hex')).toBe('120774657374696e67');
    const inner = new ProtoWriter().int64(1, 150);
    expect(new ProtoWriter().message(3, inner).finish().toString('hex')).toBe('1a03089601');
  });

  it('omits defaults, but not an empty message that selects the case of a oneof', () => {
    const empty = new ProtoWriter().int64(1, 0).bool(2, false).text(3, '').bytes(4, undefined);
    expect(empty.finish()).toHaveLength(0);
    expect(new ProtoWriter().message(3, empty).finish().toString('hex')).toBe('1a00');
  });

  it('reads negative numbers, and passes over what it does not know', () => {
    const negative = Buffer.from('08808080808080e0ffff01', 'hex');
    expect([...fieldsOf(negative)]).toMatchObject([{ number: 1, int: -(2 ** 47) }]);
    const fixed = Buffer.from('0900000000000000000d00000000100a', 'hex');
    expect([...fieldsOf(fixed)]).toMatchObject([{ number: 2, int: 10 }]);
  });

  it('refuses what is cut off, at every byte', () => {
    const whole = new ProtoWriter().int64(1, 300).text(2, 'text').finish();
    for (let end = 1; end < whole.length; end++) {
      // Between two fields nothing is missing.
      if (end === 3) continue;
      expect(() => [...fieldsOf(whole.subarray(0, end))], `${end} bytes`).toThrow(RangeError);
    }
    expect(() => [...fieldsOf(Buffer.from('0b', 'hex'))]).toThrow(RangeError);
  });

  it('does not write numbers that are not exact', () => {
    for (const value of [2 ** 53, -1, 0.5])
      expect(() => new ProtoWriter().int64(1, value)).toThrow(RangeError);
  });
});
