/** Bytes of the protobuf wire format, put together by hand: also such as no writer would write. */
export function varint(value: bigint | number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}

type Content = string | readonly number[];

const bytesOf = (content: Content) => (typeof content === 'string' ? [...Buffer.from(content)] : content);
const tag = (field: number, wireType: number) => varint(field * 8 + wireType);

/** A varint field. */
export const number = (field: number, value: bigint | number): number[] => [
  ...tag(field, 0),
  ...varint(value),
];
/** A length-delimited field: a string, bytes, or a message. */
export const delimited = (field: number, ...contents: readonly Content[]): number[] => {
  const content = contents.flatMap(bytesOf);
  return [...tag(field, 2), ...varint(content.length), ...content];
};
export const fixed32 = (field: number): number[] => [...tag(field, 5), 1, 2, 3, 4];
export const fixed64 = (field: number): number[] => [...tag(field, 1), 1, 2, 3, 4, 5, 6, 7, 8];
export const group = (field: number, ...contents: readonly Content[]): number[] => [
  ...tag(field, 3),
  ...contents.flatMap(bytesOf),
  ...tag(field, 4),
];

/** The required fields of each message. */
const head = [...number(1, 0), ...number(2, 1), ...number(3, 99)];
const foot = [...number(7, 0), ...number(8, 0), ...number(9, 0)];
/** The root with these databases and users, in InfluxDB's order of fields. */
export const root = (...contents: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...head, ...contents.flat(), ...foot]);
export const databaseHead = [...delimited(1, 'db'), ...delimited(2, 'rp')];
export const policyHead = [...delimited(1, 'rp'), ...number(2, 0), ...number(3, 1), ...number(4, 1)];
export const groupHead = [...number(1, 1), ...number(2, -5), ...number(3, 5), ...number(4, 0)];
export const shardHead = number(1, 1);
export const ownerHead = number(1, 1);
export const subscriptionHead = [...delimited(1, 's'), ...delimited(2, 'ALL')];
export const queryHead = [...delimited(1, 'q'), ...delimited(2, 'SELECT')];
export const userHead = [...delimited(1, 'u'), ...delimited(2, 'hash'), ...number(3, 1)];
export const privilegeHead = [...delimited(1, 'db'), ...number(2, 3)];

/** A metadata with one record of each sort, each begun by its required fields and ended by what `extra` gives for it. */
export function oneOfEach(extra: (message: string) => readonly number[]): Uint8Array {
  const shard = [...shardHead, ...delimited(3, ownerHead, extra('ShardOwner')), ...extra('ShardInfo')];
  const shardGroup = [...groupHead, ...delimited(5, shard), ...extra('ShardGroupInfo')];
  const policy = [
    ...policyHead,
    ...delimited(5, shardGroup),
    ...delimited(6, subscriptionHead, extra('SubscriptionInfo')),
    ...extra('RetentionPolicyInfo'),
  ];
  const database = [
    ...databaseHead,
    ...delimited(3, policy),
    ...delimited(4, queryHead, extra('ContinuousQueryInfo')),
    ...extra('DatabaseInfo'),
  ];
  const user = [...userHead, ...delimited(4, privilegeHead, extra('UserPrivilege')), ...extra('UserInfo')];
  return Uint8Array.from([...root(delimited(5, database), delimited(6, user)), ...extra('Data')]);
}
