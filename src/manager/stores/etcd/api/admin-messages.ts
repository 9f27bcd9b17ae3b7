import { fieldsOf, ProtoWriter, textOf } from './proto.js';

// etcdserverpb.Auth and etcdserverpb.Maintenance.

export const encodeAuthenticate = ({
  user,
  password,
}: {
  readonly user: string;
  readonly password: string;
}) => new ProtoWriter().text(1, user).text(2, password).finish();

/** Returns the token. */
export function decodeAuthenticate(message: Uint8Array): string {
  for (const field of fieldsOf(message)) if (field.number === 2) return textOf(field);
  return '';
}

/** Requests every alarm (action GET, any member, any kind): all fields are defaults. */
export const encodeAlarm = (_: undefined) => new ProtoWriter().finish();

/** Returns the alarms of the members as etcd's numbers: 1 is NOSPACE, 2 is CORRUPT. */
export function decodeAlarm(message: Uint8Array): readonly number[] {
  const alarms: number[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== 2) continue;
    for (const member of fieldsOf(field.bytes)) if (member.number === 2) alarms.push(member.int);
  }
  return alarms;
}
