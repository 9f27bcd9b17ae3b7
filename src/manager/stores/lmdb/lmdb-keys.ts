// Keys are bytes: [length of the name][the name in UTF-8][what belongs to it]. So names are only names, none is the beginning of another's
// keys, and all that belongs to one cluster lies side by side.

/** The beginning of every key of a cluster. */
export function clusterKey(cluster: string): Buffer {
  const name = Buffer.from(cluster);
  return Buffer.concat([Buffer.of(name.byteLength), name]);
}

/** A key of a cluster, told apart by a version or node id. */
export function numberedKey(cluster: string, number: number): Buffer {
  const digits = Buffer.alloc(8);
  digits.writeBigUInt64BE(BigInt(number));
  return Buffer.concat([clusterKey(cluster), digits]);
}

/** A key of a cluster, told apart by a mutation id. */
export function mutationKey(cluster: string, mutation: string): Buffer {
  return Buffer.concat([clusterKey(cluster), Buffer.from(mutation)]);
}

/** The range of all keys of a cluster. */
export function clusterRange(cluster: string): { start: Buffer; end: Buffer } {
  const start = clusterKey(cluster);
  // UTF-8 has no byte 0xff, and no version or node id begins with one.
  return { start, end: Buffer.concat([start, Buffer.of(0xff)]) };
}

/** The name in a key of a cluster. */
export function clusterOf(key: Buffer): string {
  const length = key[0] ?? 0;
  return key.subarray(1, 1 + length).toString();
}

/** The version or node id in a key of a cluster. */
export const numberOf = (key: Buffer) => Number(key.readBigUInt64BE(key.byteLength - 8));
