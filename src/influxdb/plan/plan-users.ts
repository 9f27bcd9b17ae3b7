import type { UserInfo } from '../../meta/records.js';
import { whyInexpressible } from '../statements/influxql.js';
import { internalDatabase } from '../statements/item.js';
import { type Draft, firstByName, type PlanInput } from './draft.js';

/** Plans users, passwords, administrators and privileges; `databases` are those that will exist. */
export function planUsers(input: PlanInput, databases: ReadonlySet<string>, draft: Draft): void {
  const present = firstByName(input.present.users);
  const admins = new Set([...present.values()].filter(({ admin }) => admin).map(({ name }) => name));
  for (const [user, wanted] of firstByName(input.wanted.users)) {
    const item = { kind: 'user', user } as const;
    const why = user === '' ? 'username required' : whyInexpressible(user);
    if (why !== undefined) {
      draft.refuse(item, why);
      continue;
    }
    const here = present.get(user);
    if (here === undefined) {
      if (!planCreation(wanted, input, draft)) continue;
    } else {
      planPassword(user, input, draft);
      planAdmin(wanted, here, admins, input, draft);
    }
    planPrivileges(wanted, here, databases, draft);
  }
}

function planCreation({ name: user, admin }: UserInfo, { passwords }: PlanInput, draft: Draft): boolean {
  const item = { kind: 'user', user } as const;
  const state = passwords.get(user);
  if (state?.kind === 'settable') {
    draft.do(item, { kind: 'createUser', user, admin }, 'missing');
    return true;
  }
  const reason = state?.kind === 'unavailable' ? state.reason : 'its password was not given';
  draft.pending.push({ item, reason: `missing, and ${reason}`, action: { kind: 'createUser', user, admin } });
  return false;
}

function planPassword(user: string, { passwords, account }: PlanInput, draft: Draft): void {
  const item = { kind: 'user', user } as const;
  const state = passwords.get(user);
  if (state === undefined || state.kind === 'unverified') draft.unverified.push(user);
  else if (state.kind === 'same') draft.inSync += 1;
  else if (state.kind === 'unavailable') {
    draft.pending.push({ item, reason: state.reason, action: { kind: 'setPassword', user } });
  } else if (user === account) {
    draft.refuse(item, "its password is not the cluster's, but it is the mirror's account: set it by hand");
  } else draft.do(item, { kind: 'setPassword', user }, "its password is not the cluster's");
}

/** `admins` are administrators that the server has now and would keep. */
function planAdmin(
  wanted: UserInfo,
  here: UserInfo,
  admins: Set<string>,
  input: PlanInput,
  draft: Draft,
): void {
  if (wanted.admin === here.admin) return;
  const user = wanted.name;
  const item = { kind: 'user', user } as const;
  const action = { kind: 'setAdmin', user, admin: wanted.admin } as const;
  if (wanted.admin) {
    draft.do(item, action, 'is not an administrator');
    return;
  }
  const why = whyKeptAdmin(user, admins, input.account);
  if (why !== undefined) draft.refuse(item, `remains an administrator: ${why}`);
  else {
    admins.delete(user);
    draft.do(item, action, 'is an administrator');
  }
}

/** Returns why `user` must remain an administrator of the server, whose administrators are `admins`. */
export function whyKeptAdmin(
  user: string,
  admins: ReadonlySet<string>,
  account: string | undefined,
): string | undefined {
  if (user === account) return "it is the mirror's account";
  // A server with users but without an administrator refuses every request, including CREATE USER.
  if (admins.has(user) && admins.size === 1) return 'it is the last administrator on this server';
  return undefined;
}

function planPrivileges(
  wanted: UserInfo,
  here: UserInfo | undefined,
  databases: ReadonlySet<string>,
  draft: Draft,
): void {
  const user = wanted.name;
  for (const [database, privilege] of wanted.privileges) {
    if (database === internalDatabase) continue;
    const item = { kind: 'grant', user, database } as const;
    // InfluxDB keeps a row without privileges, which means the same as no row.
    const privilegeHere = here?.privileges.get(database) ?? 0;
    if (privilege === privilegeHere) draft.inSync += 1;
    else if (!databases.has(database)) draft.refuse(item, `database not found: ${database}`);
    else if (privilege === 0)
      draft.do(item, { kind: 'revoke', user, database }, 'the cluster has NO PRIVILEGES');
    else if (privilege === 1 || privilege === 2 || privilege === 3) {
      draft.do(
        item,
        { kind: 'grant', user, database, privilege },
        privilegeHere === 0 ? 'missing' : 'differs',
      );
    } else draft.refuse(item, `InfluxQL cannot express privilege ${privilege}`);
  }
}
