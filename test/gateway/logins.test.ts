import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { exchange, type Received } from './support/exchange.js';
import {
  basic,
  type GuardedLab,
  type GuardedNode,
  guardedLab,
  guardedNode,
  type Login,
  root,
  secret,
} from './support/guarded-lab.js';
import { type HoldingProxy, holdingProxy } from './support/holding-proxy.js';
import { seconds, tokenOf } from './support/tokens.js';

const success = '{"results":[{"statement_id":0}]}\n';
const failed = { status: 401, body: '{"error":"authorization failed"}\n' };

/** Rounds of each race. */
const rounds = Number(process.env['RACES'] ?? 4);

let count = 0;
/** A name that no other test uses. */
function fresh(kind: string): string {
  count += 1;
  return `${kind}${count}`;
}

describeWithServer('influxd', 'logins at gateways before servers that require authentication', () => {
  let lab: GuardedLab;
  let a: GuardedNode;
  let b: GuardedNode;

  beforeAll(async () => {
    lab = await guardedLab(Number(process.env['SERVERS'] ?? 2));
    [a, b] = lab.nodes as [GuardedNode, GuardedNode];
    expect((await a.ask(root, 'CREATE DATABASE d')).body).toBe(success);
  }, 120_000);
  afterAll(() => lab.close());

  /** Statements of the administrator, each of which succeeds. */
  async function order(node: GuardedNode, ...texts: readonly string[]): Promise<void> {
    for (const text of texts) expect([text, (await node.ask(root, text)).body]).toEqual([text, success]);
  }
  const create = (node: GuardedNode, { name, password }: Login, ...more: readonly string[]) =>
    order(node, `CREATE USER ${name} WITH PASSWORD '${password}'`, ...more);
  const usersOn = async ({ askServer }: GuardedNode): Promise<string[]> =>
    JSON.parse((await askServer(root, 'SHOW USERS')).body).results[0].series[0].values.map(
      ([name]: [string]) => name,
    );
  /** A node whose statements to its server can be held back. */
  const heldNode = async (): Promise<{
    readonly c: GuardedNode;
    readonly proxy: HoldingProxy | undefined;
  }> => {
    let proxy: HoldingProxy | undefined;
    const c = await guardedNode(lab.endpoint, {
      mirror: { drops: 'report' },
      seenAt: async (url) => {
        proxy = await holdingProxy(url);
        return proxy.url;
      },
    });
    return { c, proxy };
  };
  const write = (node: GuardedNode, login: Login, body = 'm v=1') =>
    exchange(node.gateway.url, { method: 'POST', path: '/write?db=d', headers: basic(login), body });
  const short = ({ status, body }: Received) => ({ status, body });

  it('R36: a drop order names the user who logged in', async () => {
    const name = fresh('dropped');
    await order(a, `CREATE DATABASE ${name}`, `DROP DATABASE ${name}`);
    const orders = (await a.client.dropOrders(0))?.orders ?? [];
    expect(orders.find(({ database }) => database === name)?.author).toBe(root.name);
  });

  it('R32: a user created at one gateway logs in at another at once, gets its privileges there, and is not unmanaged', async () => {
    const bob = { name: fresh('bob'), password: 'b0b' };
    await create(a, bob, `GRANT WRITE ON d TO ${bob.name}`);
    const made: unknown[] = [];
    b.gateway.on('user', ({ user, action }) => made.push([user, action]));
    expect(await usersOn(b)).not.toContain(bob.name);
    const all = await Promise.all(Array.from({ length: 5 }, (_, at) => write(b, bob, `m v=${at} ${at}`)));
    expect(all.map(({ status }) => status)).toEqual([204, 204, 204, 204, 204]);
    expect(made).toEqual([[bob.name, 'made']]);
    // The server itself accepts it, too.
    expect((await b.askServer(bob, 'SHOW DATABASES')).body).toContain('"values":[["d"]]');
    expect((await b.ask(bob, 'SELECT v FROM d..m')).status).toBe(403);
    const { version, epoch = '' } = b.client.status;
    const plan = await b.mirror.plan(await b.client.data(), { version, epoch });
    expect(plan).toMatchObject({ steps: [], unmanaged: [] });
    expect(plan.pending.filter(({ item }) => item.kind === 'user' && item.user === bob.name)).toEqual([]);
  });

  it('R32: no password file is needed: users that log in once at each gateway are on every server', async () => {
    const users = Array.from({ length: Number(process.env['LOGINS'] ?? 2) }, () => ({
      name: fresh('many'),
      password: 'p',
    }));
    for (const [at, user] of users.entries())
      await create(lab.nodes[at % lab.nodes.length] as GuardedNode, user, `GRANT READ ON d TO ${user.name}`);
    for (const node of lab.nodes) {
      const all = await Promise.all(users.map((user) => node.ask(user, 'SHOW DATABASES')));
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
      for (const user of users)
        expect((await node.askServer(user, 'SHOW DATABASES')).body).toContain('"values":[["d"]]');
    }
  });

  it('R32: a wrong password is refused everywhere, and a changed one at once, whatever the server still accepts', async () => {
    const eve = { name: fresh('eve'), password: 'one' };
    await create(a, eve);
    for (const node of [a, b]) expect((await node.ask(eve, 'SHOW DATABASES')).status).toBe(200);
    expect(short(await b.ask({ ...eve, password: 'no' }, 'SHOW DATABASES'))).toEqual(failed);
    await order(a, `SET PASSWORD FOR ${eve.name} = 'two'`);
    await b.client.waitForVersion(a.client.status.version);
    expect((await b.askServer(eve, 'SHOW DATABASES')).status).toBe(200);
    for (const node of [a, b]) {
      expect(short(await node.ask(eve, 'SHOW DATABASES'))).toEqual(failed);
      expect(short(await write(node, eve))).toEqual(failed);
      expect((await node.ask({ ...eve, password: 'two' }, 'SHOW DATABASES')).status).toBe(200);
      expect((await node.askServer(eve, 'SHOW DATABASES')).status).toBe(401);
    }
    await order(a, `DROP USER ${eve.name}`);
    await b.client.waitForVersion(a.client.status.version);
    for (const node of [a, b])
      expect(short(await node.ask({ ...eve, password: 'two' }, 'SHOW DATABASES'))).toEqual(failed);
  });

  it('R32: a new password is accepted at another gateway at once, and the login of an unknown user refused there', async () => {
    for (let round = 0; round < rounds; round += 4) {
      const user = { name: fresh('new'), password: 'one' };
      await create(a, user);
      expect([round, (await b.ask(user, 'SHOW DATABASES')).status]).toEqual([round, 200]);
      await order(a, `SET PASSWORD FOR ${user.name} = 'two'`);
      expect((await b.ask({ ...user, password: 'two' }, 'SHOW DATABASES')).status).toBe(200);
    }
    expect(short(await b.ask({ name: 'nobody', password: 'x' }, 'SHOW DATABASES'))).toEqual(failed);
  });

  it('R32: after DROP USER and CREATE USER, the old password and privileges are dead on every server', async () => {
    const old = { name: fresh('kim'), password: 'old' };
    const now = { ...old, password: 'new' };
    await create(a, old, `GRANT WRITE ON d TO ${old.name}`);
    for (const node of [a, b]) expect((await write(node, old)).status).toBe(204);
    await order(a, `DROP USER ${old.name}`);
    await create(a, now);
    expect((await a.askServer(old, 'SHOW DATABASES')).status).toBe(401);
    // Its mirror has not compared the server with the cluster since then.
    await b.client.waitForVersion(a.client.status.version);
    expect((await write(b, now)).status).toBe(403);
    expect((await b.ask(now, 'SHOW DATABASES')).status).toBe(200);
    for (const node of [a, b]) expect((await node.askServer(old, 'SHOW DATABASES')).status).toBe(401);
  });

  it('R32: privileges are judged by the newest metadata, also where the node is behind', async () => {
    const ann = { name: fresh('ann'), password: 'a' };
    await create(a, ann, `GRANT ALL PRIVILEGES TO ${ann.name}`);
    const database = fresh('x');
    expect((await b.ask(ann, `CREATE DATABASE ${database}`)).body).toBe(success);
    await order(a, `REVOKE ALL PRIVILEGES FROM ${ann.name}`);
    const refused = await b.ask(ann, `DROP DATABASE ${database}`);
    expect(short(refused)).toEqual({
      status: 403,
      body: `{"error":"error authorizing query: ${ann.name} not authorized to execute statement 'DROP DATABASE ${database}', requires admin privilege"}\n`,
    });
    expect(await b.client.database(database)).toBeDefined();
    await order(a, `GRANT ALL PRIVILEGES TO ${ann.name}`);
    expect((await b.ask(ann, `DROP DATABASE ${database}; SELECT v FROM d..m`)).status).toBe(200);
    await order(a, `DROP USER ${ann.name}`);
  });

  it('R31: users that have not logged in at this gateway can be changed here', async () => {
    const zoe = { name: fresh('zoe'), password: 'z' };
    await create(a, zoe);
    await order(b, `GRANT READ ON d TO ${zoe.name}`, `GRANT ALL PRIVILEGES TO ${zoe.name}`);
    await order(b, `REVOKE ALL PRIVILEGES FROM ${zoe.name}`, `SET PASSWORD FOR ${zoe.name} = 'zz'`);
    expect((await b.askServer({ ...zoe, password: 'zz' }, 'SHOW DATABASES')).body).toContain('["d"]');
    await order(b, `DROP USER ${zoe.name}`);
    expect(await usersOn(b)).not.toContain(zoe.name);
  });

  it('R32: the last administrator stays, and so does the account of the agent', async () => {
    for (const text of [`DROP USER ${root.name}`, `SET PASSWORD FOR ${root.name} = 'x'`]) {
      expect((await a.ask(root, text)).body).toMatch(/account of its agent.*--password-file/);
    }
    expect((await a.ask(root, `REVOKE ALL PRIVILEGES FROM ${root.name}`)).body).toContain('--password-file');
    const alone = await guardedNode(lab.endpoint, { mirror: { username: 'other', password: 'x' } });
    try {
      // Its agent has another account, so only the cluster itself keeps its last administrator.
      await alone.askServer(undefined, `CREATE USER other WITH PASSWORD 'x' WITH ALL PRIVILEGES`);
      await alone.mirror.converge(await alone.client.data());
      for (const text of [`DROP USER ${root.name}`, `REVOKE ALL FROM ${root.name}`])
        expect((await alone.ask(root, text)).body).toContain('cannot remove the last administrator');
    } finally {
      await alone.close();
    }
    expect((await a.client.users()).filter(({ admin }) => admin)).toHaveLength(1);
  });

  it('R32: a token needs a user of the cluster; one that the server lacks is made with a random password', async () => {
    const tom = { name: fresh('tom'), password: 't' };
    await create(a, tom);
    const token = (name: string) => ({
      Authorization: `Bearer ${tokenOf({ username: name, exp: seconds() + 60 }, secret)}`,
    });
    const get = (name: string) =>
      exchange(b.gateway.url, { method: 'GET', path: '/query?q=SHOW+DATABASES', headers: token(name) });
    expect((await get(tom.name)).status).toBe(200);
    expect((await b.askServer(tom, 'SHOW DATABASES')).status).toBe(401);
    expect((await b.ask(tom, 'SHOW DATABASES')).status).toBe(200);
    await order(a, `DROP USER ${tom.name}`);
    await b.client.waitForVersion(a.client.status.version);
    expect(short(await get(tom.name))).toEqual({ status: 401, body: '{"error":"user not found"}\n' });
  });

  it('R33: a password goes to no other server, to no file, and into no event', async () => {
    const pat = { name: fresh('pat'), password: 'Hidd3nAtLogin' };
    const events: unknown[] = [];
    for (const name of ['statement', 'login', 'user', 'wait', 'request'] as const)
      b.gateway.on(name, (event) => events.push(event));
    b.mirror.on('step', (event) => events.push(event));
    await create(a, pat);
    expect((await b.ask(pat, 'SHOW DATABASES')).status).toBe(200);
    expect(short(await b.ask({ ...pat, password: 'Wr0ngAtLogin' }, 'SHOW DATABASES'))).toEqual(failed);
    expect(events.length).toBeGreaterThan(3);
    expect(JSON.stringify(events)).not.toMatch(/Hidd3n|Wr0ng/);
  });

  it('R32: credentials that are wrong do not reach a path that needs none', async () => {
    const ping = await exchange(a.gateway.url, {
      method: 'GET',
      path: '/ping',
      headers: basic({ name: root.name, password: 'x' }),
    });
    expect(ping.status).toBe(204);
    expect(
      (await exchange(a.gateway.url, { method: 'GET', path: '/ping?u=a&p=b', headers: {} })).status,
    ).toBe(204);
  });

  it('R32: a user that is changed while it is made on the server is not left there, nor is its old password', async () => {
    const { c, proxy } = await heldNode();
    try {
      while (c.mirror.lastReport === undefined)
        await new Promise<void>((resolve) => c.mirror.once('report', () => resolve()));
      const others = ['DROP USER NAME', `SET PASSWORD FOR NAME = 'two'`];
      const stages = [/^CREATE USER "h/, /^GRANT READ ON "d" TO "h/, /^SHOW DATABASES$/];
      for (const [stage, other] of stages.flatMap((each) => others.map((text) => [each, text] as const))) {
        const user = { name: fresh('h'), password: 'one' };
        await create(a, user, `GRANT READ ON d TO ${user.name}`);
        await c.client.waitForVersion(a.client.status.version);
        const held = proxy?.hold(stage);
        const login = write(c, user);
        await held?.reached;
        await order(a, other.replace('NAME', user.name));
        await c.client.waitForVersion(a.client.status.version);
        held?.release();
        const where = `${stage} and ${other}`;
        expect([where, short(await login)]).toEqual([where, failed]);
        expect({ where, users: await usersOn(c) }).toEqual({
          where,
          users: expect.not.arrayContaining([user.name]),
        });
        expect([where, (await c.askServer(user, 'SHOW DATABASES')).status]).toEqual([where, 401]);
      }
      const user = { name: fresh('h'), password: 'one' };
      await create(a, user);
      expect((await c.ask(user, 'SHOW DATABASES')).status).toBe(200);
      await order(a, `SET PASSWORD FOR ${user.name} = 'two'`);
      const held = proxy?.hold(/^SET PASSWORD FOR "h/);
      const login = c.ask({ ...user, password: 'two' }, 'SHOW DATABASES');
      await held?.reached;
      await order(a, `SET PASSWORD FOR ${user.name} = 'three'`);
      await c.client.waitForVersion(a.client.status.version);
      held?.release();
      expect(short(await login)).toEqual(failed);
      for (const password of ['one', 'two'])
        expect((await c.askServer({ ...user, password }, 'SHOW DATABASES')).status).toBe(401);
      expect((await c.ask({ ...user, password: 'three' }, 'SHOW DATABASES')).status).toBe(200);
    } finally {
      await c.close();
      await proxy?.close();
    }
  });

  it('R32: an earlier user of the name loses its privileges on the server before the new one gets its password', async () => {
    const { c, proxy } = await heldNode();
    try {
      const old = { name: fresh('k'), password: 'one' };
      const now = { ...old, password: 'two' };
      await create(a, old, `GRANT WRITE ON d TO ${old.name}`);
      await c.client.waitForVersion(a.client.status.version);
      await c.mirror.catchUp();
      expect((await write(c, old)).status).toBe(204);
      // A convergence to the version before the drop lasts until the login waits behind it.
      const held = proxy?.hold(/^SHOW /);
      c.mirror.doubt();
      await held?.reached;
      await order(a, `DROP USER ${old.name}`);
      await create(a, now);
      await c.client.waitForVersion(a.client.status.version);
      const makeUser = c.mirror.makeUser.bind(c.mirror);
      const waits = new Promise<void>((resolve) => {
        vi.spyOn(c.mirror, 'makeUser').mockImplementation((login) => {
          const made = makeUser(login);
          resolve();
          return made;
        });
      });
      const before = proxy?.statements.length;
      const login = write(c, now);
      await waits;
      held?.release();
      expect((await login).status).toBe(403);
      const changes = proxy?.statements
        .slice(before)
        .filter((text) => /^(REVOKE|GRANT|SET|DROP|CREATE)/.test(text));
      expect(changes?.slice(0, 2)).toEqual([
        `REVOKE ALL ON "d" FROM "${old.name}"`,
        `SET PASSWORD FOR "${old.name}" = 'two'`,
      ]);
    } finally {
      await c.close();
      await proxy?.close();
    }
  });

  /** What happens while users log in with `one`, and what must be true afterwards. */
  const races: readonly {
    readonly statements: (name: string) => readonly string[];
    readonly check: (node: GuardedNode, user: Login) => Promise<void>;
  }[] = [
    {
      statements: (name) => [`DROP USER ${name}`],
      async check(node, user) {
        await expect.poll(() => usersOn(node), { timeout: 20_000 }).not.toContain(user.name);
        expect(short(await node.ask(user, 'SHOW DATABASES'))).toEqual(failed);
      },
    },
    {
      statements: (name) => [`SET PASSWORD FOR ${name} = 'two'`],
      async check(node, user) {
        expect((await node.ask({ ...user, password: 'two' }, 'SHOW DATABASES')).status).toBe(200);
        expect((await node.askServer(user, 'SHOW DATABASES')).status).toBe(401);
      },
    },
    {
      statements: (name) => [`REVOKE WRITE ON d FROM ${name}`],
      async check(node, user) {
        expect((await node.ask(user, 'SHOW DATABASES')).status).toBe(200);
        expect((await write(node, user)).status).toBe(403);
      },
    },
    {
      statements: (name) => [`DROP USER ${name}`, `CREATE USER ${name} WITH PASSWORD 'two'`],
      async check(node, user) {
        expect(short(await node.ask(user, 'SHOW DATABASES'))).toEqual(failed);
        expect((await node.ask({ ...user, password: 'two' }, 'SHOW DATABASES')).status).toBe(200);
        expect((await node.askServer(user, 'SHOW DATABASES')).status).toBe(401);
        // The privileges of the dropped user are gone before the first request of the new one passes.
        expect((await write(node, { ...user, password: 'two' })).status).toBe(403);
      },
    },
  ];

  it('R32: no race of a login leaves a user, a privilege or an old password behind', async () => {
    const pairs = [
      [a, b],
      [b, a],
      [b, b],
    ] as const;
    for (let round = 0; round < rounds; round += 1) {
      const { statements, check } = races[round % races.length] as (typeof races)[number];
      const [at, other] = pairs[round % pairs.length] as (typeof pairs)[number];
      const user = { name: fresh('r'), password: 'one' };
      await create(a, user, `GRANT WRITE ON d TO ${user.name}`);
      const logins = [at, other, at].map((node) => node.ask(user, 'SHOW DATABASES'));
      await order(other, ...statements(user.name));
      for (const { status } of await Promise.all(logins)) expect([200, 401, 503]).toContain(status);
      for (const node of [a, b]) {
        await node.client.waitForVersion(other.client.status.version);
        await node.mirror.catchUp();
        await check(node, user);
      }
    }
  }, 900_000);

  it('R32: a node judges by what it has accepted last while its manager is away, and changes nothing', async () => {
    const lou = { name: fresh('lou'), password: 'l' };
    await create(a, lou);
    const proxy = await TcpProxy.start(lab.endpoint);
    const c = await guardedNode(proxy.url, { gateway: { managerTimeout: 300 } });
    try {
      while (c.mirror.lastReport === undefined)
        await new Promise<void>((resolve) => c.mirror.once('report', () => resolve()));
      await proxy.close();
      expect((await c.ask(lou, 'SHOW DATABASES')).status).toBe(200);
      expect(short(await c.ask({ ...lou, password: 'x' }, 'SHOW DATABASES'))).toEqual(failed);
      expect((await c.ask(root, 'CREATE DATABASE never')).body).toMatch(/nothing was changed|unknown/);
      expect((await c.ask(root, 'SHOW USERS')).body).toContain(lou.name);
      expect((await c.askServer(root, 'SHOW DATABASES')).body).toContain('"values":[["d"]]');
    } finally {
      await c.close();
    }
  });
});
