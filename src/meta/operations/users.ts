import { checkInteger } from '../arguments.js';
import { inheritUnknownPrivilegeFields } from '../codec/privilege-fields.js';
import { append, findByName, positionOf, removeAt, replaceAt } from '../named-list.js';
import type { MetaData, UserInfo } from '../records.js';
import { userExists, userNotFound, usernameRequired } from '../refusals.js';
import { requireDatabase } from './database-lookup.js';
import { answer, commit, type Outcome } from './outcome.js';

export function findUser(data: MetaData, name: string): UserInfo | undefined {
  return findByName(data.users, name);
}

/** @throws CfluxError `USER_NOT_FOUND` */
export function requireUser(data: MetaData, name: string): UserInfo {
  const user = findUser(data, name);
  if (user === undefined) throw userNotFound();
  return user;
}

export function adminUserExists(data: MetaData): boolean {
  return data.users.some((user) => user.admin);
}

function changeUser(data: MetaData, name: string, change: (user: UserInfo) => UserInfo): Outcome<undefined> {
  const position = positionOf(data.users, name);
  const user = data.users[position];
  if (user === undefined) throw userNotFound();
  return commit(data, { users: replaceAt(data.users, position, change(user)) });
}

/** The parts of a password that {@link createUser} needs. */
export interface Credentials {
  readonly hash: string;
  /** Whether it also matches the hash of the existing user with this name. */
  readonly matchesExisting: boolean;
}

/** An existing user is returned unchanged, without a commit, if password and admin flag are the same. */
export function createUser(
  data: MetaData,
  name: string,
  { hash, matchesExisting }: Credentials,
  admin: boolean,
): Outcome<UserInfo> {
  const existing = findUser(data, name);
  if (existing !== undefined) {
    if (existing.admin !== admin || !matchesExisting) throw userExists();
    return answer(data, existing);
  }
  if (name === '') throw usernameRequired();
  const user: UserInfo = { name, hash, admin, privileges: new Map() };
  return commit(data, { users: append(data.users, user) }, user);
}

export function updateUser(data: MetaData, name: string, hash: string): Outcome<undefined> {
  return changeUser(data, name, (user) => ({ ...user, hash }));
}

export function dropUser(data: MetaData, name: string): Outcome<undefined> {
  const position = positionOf(data.users, name);
  if (position < 0) throw userNotFound();
  return commit(data, { users: removeAt(data.users, position) });
}

/** Any integer is stored, including 0, which does not remove the entry. */
export function setPrivilege(
  data: MetaData,
  username: string,
  database: string,
  privilege: number,
): Outcome<undefined> {
  checkInteger('privilege', privilege);
  requireUser(data, username);
  requireDatabase(data, database);
  return changeUser(data, username, (user) => {
    const privileges = new Map(user.privileges).set(database, privilege);
    inheritUnknownPrivilegeFields(user.privileges, privileges);
    return { ...user, privileges };
  });
}

export function setAdminPrivilege(data: MetaData, username: string, admin: boolean): Outcome<undefined> {
  return changeUser(data, username, (user) => ({ ...user, admin }));
}

/** Returns the user's privilege on `database`, which need not exist; 0 is none. */
export function userPrivilege(data: MetaData, username: string, database: string): number {
  return requireUser(data, username).privileges.get(database) ?? 0;
}
