/**
 * A minimal Protobuf writer for etcd's messages. Fields with the default value of proto3 are omitted: undefined, 0, false, empty. Numbers
 * are exact below 2^53, which covers revisions, versions and the lease ids that are chosen here.
 */
export class ProtoWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  int64(field: number, value: number | undefined): this {
    if (value) {
      this.#varint(field * 8);
      this.#varint(value);
    }
    return this;
  }

  bool(field: number, value: boolean | undefined): this {
    return this.int64(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array | undefined): this {
    if (value?.byteLength) this.#delimited(field, [value], value.byteLength);
    return this;
  }

  text(field: number, value: string | undefined): this {
    return this.bytes(field, value === undefined ? undefined : Buffer.from(value));
  }

  /** Writes a nested message. An empty one is written too: in a oneof, it selects the case. */
  message(field: number, value: ProtoWriter | undefined): this {
    if (value) this.#delimited(field, value.#pieces, value.#length);
    return this;
  }

  messages(field: number, values: readonly ProtoWriter[] | undefined): this {
    for (const value of values ?? []) this.message(field, value);
    return this;
  }

  /** Large values are copied once, here, at any depth. */
  finish(): Buffer {
    return Buffer.concat(this.#pieces, this.#length);
  }

  #delimited(field: number, pieces: readonly Uint8Array[], length: number): void {
    this.#varint(field * 8 + 2);
    this.#varint(length);
    for (const piece of pieces) this.#append(piece);
  }

  #varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`cannot encode ${value}: it is not a safe non-negative integer`);
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
    this.#append(Uint8Array.from(bytes));
  }

  #append(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.byteLength;
  }
}

/** One field of a message: `int` for numbers, `bytes` for everything else. */
export interface ProtoField {
  readonly number: number;
  readonly int: number;
  readonly bytes: Uint8Array;
}

const nothing = new Uint8Array();

/** Yields the fields of a message in order; those of 4 or 8 bytes, which etcd does not use, are skipped. */
export function* fieldsOf(message: Uint8Array): Generator<ProtoField> {
  let position = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position++];
      if (byte === undefined) throw new RangeError('the message ends in the middle of a field');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (position < message.byteLength) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) yield { number, int: signed(varint()), bytes: nothing };
    else if (wireType === 2) {
      const length = varint();
      const bytes = message.subarray(position, position + length);
      if (bytes.byteLength < length) throw new RangeError('the message ends in the middle of a field');
      position += length;
      yield { number, int: 0, bytes };
    } else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else throw new RangeError(`unsupported wire type ${wireType}`);
  }
}

/**
 * A negative int64 is encoded with 2^64 added: only values far from 0 are exact, and etcd returns no other negative value that matters.
 */
const signed = (value: number) => (value < 2 ** 63 ? value : value - 2 ** 64);

export const textOf = (field: ProtoField) => new TextDecoder().decode(field.bytes);
