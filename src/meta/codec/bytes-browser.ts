const encoder = new TextEncoder();
/** Bytes that are not UTF-8 become U+FFFD, and a byte order mark is kept, as in Node. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const unpaired = /\p{Surrogate}/gu;

class Bytes extends Uint8Array {
  /** Writes `text` as UTF-8 at `at`; a lone surrogate becomes U+FFFD. */
  write(text: string, at: number): number {
    return encoder.encodeInto(text.replace(unpaired, '\uFFFD'), this.subarray(at)).written;
  }

  copy(target: Uint8Array, at = 0, start = 0, end = this.length): number {
    const source = this.subarray(start, end);
    target.set(source, at);
    return source.length;
  }

  equals(other: Uint8Array): boolean {
    return this.compare(other) === 0;
  }

  compare(other: Uint8Array, from = 0, to = other.length, start = 0, end = this.length): number {
    const [mine, theirs] = [end - start, to - from];
    const common = Math.min(mine, theirs);
    for (let at = 0; at < common; at++) {
      const difference = (this[start + at] ?? 0) - (other[from + at] ?? 0);
      if (difference !== 0) return Math.sign(difference);
    }
    return Math.sign(mine - theirs);
  }

  override toString(_encoding = 'utf8', start = 0, end = this.length): string {
    const bytes = this.subarray(start, end);
    // Most texts are short names: a loop is faster than a call of the decoder.
    if (bytes.length <= 24) {
      const text = asciiOf(bytes);
      if (text !== undefined) return text;
    }
    return decoder.decode(bytes);
  }
}

function asciiOf(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

const isTrail = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

function byteLength(text: string): number {
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) size += 1;
    else if (unit < 0x800) size += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isTrail(text.charCodeAt(at + 1))) {
      size += 4;
      at++;
    } else size += 3;
  }
  return size;
}

/** As much of Node's `Buffer` as decoding and encoding use, for browsers. Differs in nothing that they can observe. */
export const Buffer = {
  /** A view of `buffer`: nothing is copied. */
  from: (buffer: ArrayBuffer, offset?: number, length?: number) => new Bytes(buffer, offset, length),
  allocUnsafeSlow: (size: number) => new Bytes(size),
  byteLength,
};
