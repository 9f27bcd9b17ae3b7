import type { UserInfo } from '../records.js';
import { missing, requireAll } from './message-parts.js';
import { keepUnknownPrivilegeFields } from './privilege-fields.js';
import { UnknownFields } from './unknown-fields.js';
import type { WireReader } from './wire-reader.js';

const userFields = ['name', 'hash', 'admin'];

export function readUser(reader: WireReader, end: number): UserInfo {
  const first = reader.pos;
  let seen = 0;
  let name = '';
  let hash = '';
  let admin = false;
  const privileges = new Map<string, number>();
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        name = reader.string(end);
        seen |= 1;
        break;
      case 0x12:
        hash = reader.string(end);
        seen |= 2;
        break;
      case 0x18:
        admin = reader.bool();
        seen |= 4;
        break;
      case 0x22:
        readPrivilege(reader, reader.delimitedEnd(end), privileges);
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (seen !== 7) requireAll(seen, userFields, first);
  const user: UserInfo = { name, hash, admin, privileges };
  return unknown === undefined ? user : unknown.addTo(user, reader.bytes);
}

/** If a database occurs twice, the last entry counts. */
function readPrivilege(reader: WireReader, end: number, privileges: Map<string, number>): void {
  const first = reader.pos;
  let database: string | undefined;
  let privilege: number | undefined;
  let unknown: UnknownFields | undefined;
  while (reader.pos < end) {
    const start = reader.pos;
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        database = reader.string(end);
        break;
      case 0x10:
        privilege = reader.int32();
        break;
      default:
        unknown = (unknown ?? new UnknownFields()).skip(reader, tag, start, end);
    }
  }
  reader.finish(end);
  if (database === undefined) throw missing('database', first);
  if (privilege === undefined) throw missing('privilege', first);
  privileges.set(database, privilege);
  keepUnknownPrivilegeFields(privileges, database, unknown?.copyFrom(reader.bytes));
}
