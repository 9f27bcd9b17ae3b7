// Keys are bytes: [length of the name][the name in UTF-8][suffix]. So names are opaque, none is the beginning of another's keys, and all
// keys of one cluster are adjacent.

/** Returns the beginning of every key of a cluster. */
export function clusterKey(cluster: string): Buffer {
  const name = Buffer.from(cluster);
  return Buffer.concat([Buffer.of(name.byteLength), name]);
}

/** Returns the key of a cluster's version or node id. */
export function numberedKey(cluster: string, number: number): Buffer {
  const digits = Buffer.alloc(8);
  digits.writeBigUInt64BE(BigInt(number));
  return Buffer.concat([clusterKey(cluster), digits]);
}

/** Returns the key of a cluster's mutation id. */
export function mutationKey(cluster: string, mutation: string): Buffer {
  return Buffer.concat([clusterKey(cluster), Buffer.from(mutation)]);
}

/** Returns the range of all keys of a cluster. */
export function clusterRange(cluster: string): { start: Buffer; end: Buffer } {
  const start = clusterKey(cluster);
  // UTF-8 has no byte 0xff, and no version or node id begins with one.
  return { start, end: Buffer.concat([start, Buffer.of(0xff)]) };
}

/** Returns the cluster name in a key. */
export function clusterOf(key: Buffer): string {
  const length = key[0] ?? 0;
  return key.subarray(1, 1 + length).toString();
}

/** Returns the version or node id in a key. */
export const numberOf = (key: Buffer) => Number(key.readBigUInt64BE(key.byteLength - 8));
