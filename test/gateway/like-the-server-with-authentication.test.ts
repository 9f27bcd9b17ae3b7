import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { seededRandom } from 'clusterflux/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recorded } from '../influxql/support/fixtures.js';
import { type Influxd, startInfluxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, type Received, type Sent } from './support/exchange.js';
import { basic, type GuardedNode, guardedNode, queryAs, secret } from './support/guarded-lab.js';
import { randomRequests } from './support/random-requests.js';
import { seconds, tokenOf } from './support/tokens.js';

const adm = { name: 'adm', password: 'a' };

interface Recorded {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly authorization?: string;
  readonly jwt?: {
    readonly scheme: string;
    readonly alg: string;
    readonly claims: Readonly<Record<string, unknown>>;
    readonly secret: 'right' | 'wrong';
  };
  readonly status: number;
  readonly challenge?: string;
  readonly answer?: string;
}

function sentOf({ method, path, body, authorization, jwt }: Recorded): Sent {
  const atTime = (value: unknown) => {
    const offset = /^now([+-]\d+)$/.exec(String(value))?.[1];
    return offset === undefined ? value : seconds() + Number(offset);
  };
  const claims = Object.entries(jwt?.claims ?? {}).map(([name, value]) => [name, atTime(value)]);
  const token =
    jwt && tokenOf(Object.fromEntries(claims), jwt.secret === 'right' ? secret : 'wrong', jwt.alg);
  const header = jwt === undefined ? authorization : `${jwt.scheme} ${token}`;
  return {
    method,
    path,
    ...(body === undefined ? {} : { body: Buffer.from(body).toString('latin1') }),
    headers: {
      ...(path.startsWith('/query') ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}),
      ...(header === undefined ? {} : { Authorization: header }),
    },
  };
}

const users: Readonly<Record<string, string>> = { none: 'bob:b', read: 'rd:r', write: 'wr:w', all: 'al:l' };

const loginOf = (text = '') => {
  const [name = '', password = ''] = text.split(':');
  return { name, password };
};

/** What the same requests to a gateway and to a server alone have in common. */
const shown = ({ status, headers, body }: Received) => ({
  status,
  headers: Object.entries(headers),
  body: Buffer.from(body, 'latin1').toString('utf8'),
});

describeWithServer('influxd', 'a gateway before a server that requires authentication', () => {
  let node: GuardedNode;
  let alone: Influxd;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const manager = new Manager({ store: new MemoryStore() });
    const served = await createManagerServer(manager, { port: 0 });
    const mirror = { username: adm.name, password: adm.password };
    node = await guardedNode(served.url, { mirror });
    alone = await startInfluxd({ auth: true, sharedSecret: secret });
    close = async () => {
      await node.close();
      await alone.remove();
      await served.close();
      await manager.close();
    };
  });
  afterAll(() => close());

  it('R32: has the responses that were recorded for every form of credentials', async () => {
    for (const each of recorded<Recorded>('auth.jsonl')) {
      const { status, headers, body } = await exchange(node.gateway.url, sentOf(each));
      expect({ name: each.name, status, body: Buffer.from(body, 'latin1').toString('utf8') }).toEqual({
        name: each.name,
        status: each.status,
        body: each.answer ?? expect.anything(),
      });
      expect([each.name, headers['Www-Authenticate']]).toEqual([each.name, each.challenge]);
    }
  });

  it('R32: has the responses that were recorded for every privilege', async () => {
    for (const { level, q, status, answer } of recorded<{
      level: string;
      q: string;
      status: number;
      answer?: string;
    }>('privileges.jsonl')) {
      const given = await node.ask(loginOf(users[level]), q);
      expect([level, q, given.status]).toEqual([level, q, status]);
      if (answer !== undefined) expect([level, q, given.body]).toEqual([level, q, `${answer}\n`]);
    }
  });

  it('R30, R31, R32: responds like another server to a random stream of requests of all users', async () => {
    for (const each of recorded<Recorded>('auth.jsonl')) {
      if (each.name === 'bootstrap get' || each.name === 'setup') await exchange(alone.url, sentOf(each));
    }
    for (const text of ['DROP DATABASE d', 'DROP DATABASE d2', 'CREATE DATABASE a', 'CREATE DATABASE b']) {
      for (const url of [node.gateway.url, alone.url]) await exchange(url, queryAs(adm, text));
    }
    for (const level of ['READ ON a TO rd', 'WRITE ON a TO wr', 'ALL ON b TO al']) {
      for (const url of [node.gateway.url, alone.url]) await exchange(url, queryAs(adm, `GRANT ${level}`));
    }
    const seed = Number(process.env['FUZZ_SEED'] ?? 11);
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
    const exp = seconds() + 3_600;
    const logins: readonly Readonly<Record<string, string>>[] = [
      ...['adm:a', 'adm:a', 'adm:a', 'bob:b', 'rd:r', 'wr:w', 'al:l', 'adm:x', 'nobody:x', ':'].map((text) =>
        basic(loginOf(text)),
      ),
      {},
      { Authorization: 'Basic' },
      { Authorization: 'Token adm:a' },
      { Authorization: `Bearer ${tokenOf({ username: 'adm', exp }, secret)}` },
      { Authorization: `Bearer ${tokenOf({ username: 'rd', exp }, secret, 'HS384')}` },
      { Authorization: `Bearer ${tokenOf({ username: 'nobody', exp }, secret)}` },
      { Authorization: `Bearer ${tokenOf({ username: 'adm', exp: 1 }, secret)}` },
    ];
    const odd: unknown[] = [];
    for (const plain of randomRequests(seed, Number(process.env['FUZZ_RUNS'] ?? 120))) {
      const login = pick(logins);
      const inUrl = random() < 0.1 ? `${plain.path.includes('?') ? '&' : '?'}u=adm&p=a` : '';
      const request = { ...plain, path: plain.path + inUrl, headers: { ...plain.headers, ...login } };
      const [given, expected] = [
        await exchange(node.gateway.url, request),
        await exchange(alone.url, request),
      ];
      if (JSON.stringify(shown(given)) !== JSON.stringify(shown(expected)))
        odd.push({ request, given, expected });
    }
    expect({ seed, odd: odd.slice(0, 3) }).toEqual({ seed, odd: [] });
  });
});
