import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';

/*
 * InfluxDB's message types for @bufbuild/protobuf, which is right in everything and slow: an oracle for our codec.
 */

type Field = readonly [number, name: string, type: Type | string, label: Label];

const required = Label.REQUIRED;
const optional = Label.OPTIONAL;
const repeated = Label.REPEATED;

const messages: Readonly<Record<string, readonly Field[]>> = {
  Data: [
    [1, 'term', Type.UINT64, required],
    [2, 'index', Type.UINT64, required],
    [3, 'cluster_id', Type.UINT64, required],
    [5, 'databases', 'DatabaseInfo', repeated],
    [6, 'users', 'UserInfo', repeated],
    [7, 'max_node_id', Type.UINT64, required],
    [8, 'max_shard_group_id', Type.UINT64, required],
    [9, 'max_shard_id', Type.UINT64, required],
  ],
  DatabaseInfo: [
    [1, 'name', Type.STRING, required],
    [2, 'default_retention_policy', Type.STRING, required],
    [3, 'retention_policies', 'RetentionPolicyInfo', repeated],
    [4, 'continuous_queries', 'ContinuousQueryInfo', repeated],
  ],
  RetentionPolicyInfo: [
    [1, 'name', Type.STRING, required],
    [2, 'duration', Type.INT64, required],
    [3, 'shard_group_duration', Type.INT64, required],
    [4, 'replica_n', Type.UINT32, required],
    [5, 'shard_groups', 'ShardGroupInfo', repeated],
    [6, 'subscriptions', 'SubscriptionInfo', repeated],
    [7, 'future_write_limit', Type.INT64, optional],
    [8, 'past_write_limit', Type.INT64, optional],
  ],
  ShardGroupInfo: [
    [1, 'id', Type.UINT64, required],
    [2, 'start_time', Type.INT64, required],
    [3, 'end_time', Type.INT64, required],
    [4, 'deleted_at', Type.INT64, required],
    [5, 'shards', 'ShardInfo', repeated],
    [6, 'truncated_at', Type.INT64, optional],
  ],
  ShardInfo: [
    [1, 'id', Type.UINT64, required],
    [3, 'owners', 'ShardOwner', repeated],
  ],
  ShardOwner: [[1, 'node_id', Type.UINT64, required]],
  SubscriptionInfo: [
    [1, 'name', Type.STRING, required],
    [2, 'mode', Type.STRING, required],
    [3, 'destinations', Type.STRING, repeated],
  ],
  ContinuousQueryInfo: [
    [1, 'name', Type.STRING, required],
    [2, 'query', Type.STRING, required],
  ],
  UserInfo: [
    [1, 'name', Type.STRING, required],
    [2, 'hash', Type.STRING, required],
    [3, 'admin', Type.BOOL, required],
    [4, 'privileges', 'UserPrivilege', repeated],
  ],
  UserPrivilege: [
    [1, 'database', Type.STRING, required],
    [2, 'privilege', Type.INT32, required],
  ],
};

const file = create(FileDescriptorProtoSchema, {
  name: 'meta.proto',
  package: 'meta',
  syntax: 'proto2',
  messageType: Object.entries(messages).map(([name, fields]) => ({
    name,
    field: fields.map(([number, fieldName, type, label]) => ({
      name: fieldName,
      number,
      label,
      ...(typeof type === 'string' ? { type: Type.MESSAGE, typeName: `.meta.${type}` } : { type }),
    })),
  })),
});

const registry = createFileRegistry(file, () => undefined);

function message(name: string): DescMessage {
  const found = registry.getMessage(`meta.${name}`);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

/** The message types by which a record of each name is encoded. */
export const oracleMessages = Object.keys(messages);

type OracleMessage = Message & Record<string, unknown>;

export function oracleDecode(bytes: Uint8Array, name = 'Data'): OracleMessage {
  return fromBinary(message(name), bytes) as OracleMessage;
}

/** @param fields By camel-case names; unknown ones in `$unknown`. */
export function oracleEncode(fields: Record<string, unknown>, name = 'Data'): Uint8Array {
  return toBinary(message(name), create(message(name), fields));
}
