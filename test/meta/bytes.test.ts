import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Buffer as Node } from '../../src/meta/codec/bytes.js';
import { Buffer as Browser } from '../../src/meta/codec/bytes-browser.js';

const plain = (bytes: Uint8Array) => [...bytes];
const bytes = fc.uint8Array({ maxLength: 60 });
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
);

/** The same bytes, as both implementations hold them. */
function pair(values: Uint8Array) {
  const [node, browser] = [Node.allocUnsafeSlow(values.length), Browser.allocUnsafeSlow(values.length)];
  node.set(values);
  browser.set(values);
  return [node, browser] as const;
}

describe('the bytes of the codec in browsers', () => {
  it('any bytes: the same text as in Node', () => {
    fc.assert(
      fc.property(bytes, fc.nat(60), fc.nat(60), (values, start, end) => {
        const [node, browser] = pair(values);
        expect(browser.toString('utf8', start, end)).toBe(node.toString('utf8', start, end));
      }),
      { numRuns: 2_000 },
    );
    const [node, browser] = pair(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]));
    expect(browser.toString()).toBe(node.toString());
  });

  it('any text, lone surrogates too: the same length, and the same bytes at the same place', () => {
    fc.assert(
      fc.property(text, fc.nat(5), (value, at) => {
        expect(Browser.byteLength(value)).toBe(Node.byteLength(value));
        const size = at + Node.byteLength(value);
        const [node, browser] = pair(new Uint8Array(size));
        expect(browser.write(value, at)).toBe(node.write(value, at));
        expect(plain(browser)).toEqual(plain(node));
      }),
      { numRuns: 2_000 },
    );
  });

  it('any two: the same order, whole and in part, and the same copies', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(60), fc.nat(60), (one, other, a, b) => {
        const [start, from] = [a % (one.length + 1), b % (other.length + 1)];
        const [[node, browser], [nodeOther, browserOther]] = [pair(one), pair(other)];
        expect(browser.compare(browserOther, from, other.length, start, one.length)).toBe(
          node.compare(nodeOther, from, other.length, start, one.length),
        );
        expect(browser.equals(browserOther)).toBe(node.equals(nodeOther));
        const [toNode, toBrowser] = pair(new Uint8Array(80));
        expect(browser.copy(toBrowser, 3, start)).toBe(node.copy(toNode, 3, start));
        expect(plain(toBrowser)).toEqual(plain(toNode));
        expect(plain(browser.subarray(start))).toEqual(plain(node.subarray(start)));
      }),
    );
  });

  it('a view shares the memory of its buffer, as in Node', () => {
    const { buffer } = new Uint8Array([1, 2, 3, 4]);
    const view = Browser.from(buffer, 1, 2);
    view[0] = 9;
    expect(plain(new Uint8Array(buffer))).toEqual([1, 9, 3, 4]);
    expect(view.subarray(1)).toBeInstanceOf(view.constructor);
  });
});
