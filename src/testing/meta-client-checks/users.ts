import assert from 'node:assert/strict';
import { names } from './bench.js';
import type { Checks } from './check.js';

const notFound = ['user not found', 'USER_NOT_FOUND'] as const;
const exists = ['user already exists', 'USER_EXISTS'] as const;
const failed = ['authentication failed', 'AUTHENTICATION_FAILED'] as const;

export const userChecks: Checks = {
  async 'createUser makes a user with a bcrypt hash and no privileges'({ meta, refuses }) {
    assert.deepEqual(await meta.users(), []);
    assert.equal(await meta.userCount(), 0);
    const user = await meta.createUser('ada', 'secret', false);
    assert.match(user.hash, /^\$2[aby]\$\d\d\$[./0-9A-Za-z]{53}$/);
    assert.deepEqual({ ...user, hash: '' }, { name: 'ada', hash: '', admin: false, privileges: new Map() });
    assert.deepEqual(await meta.user('ada'), user);
    await meta.createUser('root', '', true);
    assert.deepEqual(names(await meta.users()), ['ada', 'root']);
    assert.equal(await meta.userCount(), 2);
    await refuses(() => meta.user('bob'), ...notFound);
  },

  async 'createUser again returns the user, if password and admin flag are equal'({
    meta,
    refuses,
    unchangedBy,
  }) {
    const user = await meta.createUser('ada', 'secret', true);
    assert.deepEqual(await unchangedBy(() => meta.createUser('ada', 'secret', true)), user);
    await refuses(() => meta.createUser('ada', 'other', true), ...exists);
    await refuses(() => meta.createUser('ada', 'secret', false), ...exists);
    await refuses(() => meta.createUser('', 'secret', false), 'username required', 'USERNAME_REQUIRED');
  },

  async 'authenticate verifies the password'({ meta, refuses, unchangedBy }) {
    await meta.createUser('ada', 'secret', false);
    await meta.createUser('nil', '', false);
    for (let time = 1; time <= 2; time++) {
      assert.equal((await unchangedBy(() => meta.authenticate('ada', 'secret'))).name, 'ada');
      await refuses(() => meta.authenticate('ada', 'Secret'), ...failed);
      await refuses(() => meta.authenticate('ada', ''), ...failed);
    }
    assert.equal((await meta.authenticate('nil', '')).name, 'nil');
    await refuses(() => meta.authenticate('nil', 'secret'), ...failed);
    await refuses(() => meta.authenticate('bob', 'secret'), ...notFound);
  },

  async 'an old password is of no use any more, whatever took it away'({ meta, now, refuses }) {
    const stillIn = (password: string) => meta.authenticate('ada', password);
    await meta.createUser('ada', 'first', false);
    await stillIn('first');
    assert.equal(await meta.updateUser('ada', 'second'), undefined);
    await refuses(() => stillIn('first'), ...failed);
    await stillIn('second');
    await meta.dropUser('ada');
    await refuses(() => stillIn('second'), ...notFound);
    await meta.createUser('ada', 'third', false);
    await refuses(() => stillIn('second'), ...failed);
    await stillIn('third');
    const kept = await now();
    await meta.updateUser('ada', 'fourth');
    await stillIn('fourth');
    await meta.setData(kept);
    await refuses(() => stillIn('fourth'), ...failed);
    await stillIn('third');
  },

  async 'updateUser and dropUser want a user'({ meta, refuses }) {
    await meta.createUser('ada', 'secret', true);
    await meta.createUser('bob', 'secret', false);
    await refuses(() => meta.updateUser('eve', 'secret'), ...notFound);
    await refuses(() => meta.dropUser('eve'), ...notFound);
    assert.equal(await meta.dropUser('ada'), undefined);
    assert.deepEqual(names(await meta.users()), ['bob']);
    await refuses(() => meta.dropUser('ada'), ...notFound);
  },

  async 'updateUser changes the password and nothing else'({ meta }) {
    await meta.createDatabase('db');
    const before = await meta.createUser('ada', 'secret', true);
    await meta.setPrivilege('ada', 'db', 1);
    await meta.updateUser('ada', 'other');
    const { hash, ...rest } = await meta.user('ada');
    assert.notEqual(hash, before.hash);
    assert.deepEqual(rest, { name: 'ada', admin: true, privileges: new Map([['db', 1]]) });
  },

  async 'adminUserExists follows the users'({ meta, refuses, unchangedBy }) {
    assert.equal(await meta.adminUserExists(), false);
    await meta.createUser('ada', 'secret', false);
    assert.equal(await meta.adminUserExists(), false);
    assert.equal(await meta.setAdminPrivilege('ada', true), undefined);
    assert.equal((await meta.user('ada')).admin, true);
    assert.equal(await meta.adminUserExists(), true);
    await unchangedBy(() => meta.setAdminPrivilege('ada', true));
    await meta.setAdminPrivilege('ada', false);
    assert.equal(await meta.adminUserExists(), false);
    await meta.createUser('root', 'secret', true);
    assert.equal(await meta.adminUserExists(), true);
    await meta.dropUser('root');
    assert.equal(await meta.adminUserExists(), false);
    await refuses(() => meta.setAdminPrivilege('eve', true), ...notFound);
  },

  async 'setPrivilege stores any integer, 0 too'({ meta, unchangedBy }) {
    await meta.createUser('ada', 'secret', false);
    assert.deepEqual(await meta.userPrivileges('ada'), new Map());
    const values = [1, 2, 3, 0, 7, -1];
    for (const [i, value] of values.entries()) {
      await meta.createDatabase(`db${i}`);
      assert.equal(await meta.setPrivilege('ada', `db${i}`, value), undefined);
      assert.equal(await meta.userPrivilege('ada', `db${i}`), value);
    }
    const expected = new Map(values.map((value, i) => [`db${i}`, value]));
    assert.deepEqual(new Map(await meta.userPrivileges('ada')), expected);
    assert.deepEqual(new Map((await meta.user('ada')).privileges), expected);
    await unchangedBy(() => meta.setPrivilege('ada', 'db0', 1));
    await meta.setPrivilege('ada', 'db0', 0);
    assert.equal((await meta.userPrivileges('ada')).get('db0'), 0, 'the entry stays');
  },

  async 'privileges want a user, and to be set a database'({ meta, refuses }) {
    await meta.createUser('ada', 'secret', false);
    await refuses(() => meta.setPrivilege('eve', 'nowhere', 1), ...notFound);
    await refuses(
      () => meta.setPrivilege('ada', 'nowhere', 1),
      'database not found: nowhere',
      'DATABASE_NOT_FOUND',
    );
    assert.equal(await meta.userPrivilege('ada', 'nowhere'), 0);
    await refuses(() => meta.userPrivilege('eve', 'nowhere'), ...notFound);
    await refuses(() => meta.userPrivileges('eve'), ...notFound);
  },
};
