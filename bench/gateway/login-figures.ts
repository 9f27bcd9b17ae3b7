import type { IncomingMessage } from 'node:http';
import { AccessControl } from '../../src/gateway/credentials/access.js';
import { LoginJudge } from '../../src/gateway/credentials/login-judge.js';
import type { ServerAuthentication } from '../../src/gateway/credentials/server-authentication.js';
import { ServerUsers } from '../../src/gateway/credentials/server-users.js';
import { SharedRefresh } from '../../src/gateway/shared-refresh.js';
import { type CfluxClient, systemClock } from '../../src/index.js';
import type { InfluxMirror } from '../../src/influxdb/index.js';
import { bcryptMatches } from '../../src/meta/bcrypt.js';
import { startInfluxd } from '../../test/support/influxd.js';
import { median, middlePair, type Pair } from '../measure.js';
import type { Figure } from '../report.js';
import { ask, foundation, type LoginLab, root, startLoginLab, timeOf } from './login-lab.js';

/** Logins at a gateway before a server that requires authentication. */
export async function run(): Promise<Figure[]> {
  const lab = await startLoginLab();
  const alone = await startInfluxd({ auth: true });
  const gateway = await lab.start();
  try {
    await ask(alone.url, foundation);
    await ask(alone.url, 'CREATE DATABASE d');
    return [await cachedFigure(lab.here), await firstFigure(gateway.url, alone.url, lab)];
  } finally {
    await gateway.close();
    await alone.remove();
    await lab.close();
  }
}

/** The decision about one request, without the pass, in which the network would hide it. */
async function cachedFigure(client: CfluxClient): Promise<Figure> {
  const listeners = { on: () => {}, off: () => {} };
  const mirror = { ...listeners, makeUser: async () => 'present' } as unknown as InfluxMirror;
  const data = () => client.data();
  const access = new AccessControl({
    authentication: { known: 'on' } as unknown as ServerAuthentication,
    judge: new LoginJudge({
      data,
      refresh: new SharedRefresh(systemClock, async () => {}),
      clock: systemClock,
      jwtSecret: undefined,
      serverVersion: () => '1.8.10',
    }),
    users: new ServerUsers({ mirror, clock: systemClock, patience: 4_500, onMade: () => {} }),
    hasJoined: () => client.status.version > 0,
    isWithoutUsers: async () => false,
    serverVersion: () => '1.8.10',
    serverUrl: '',
    onLogin: () => {},
  });
  const authorization = `Basic ${Buffer.from(`${root.name}:${root.password}`).toString('base64')}`;
  const socket = { remoteAddress: '127.0.0.1' };
  const request = { method: 'POST', headers: { authorization }, socket } as unknown as IncomingMessage;
  const count = 2_000;
  const batch = async () => {
    for (let left = count; left > 0; left -= 1) await access.of(request, '/write', 'db=d');
  };
  for (let round = 0; round < 5; round += 1) await batch();
  const times: number[] = [];
  for (let round = 0; round < 15; round += 1) times.push((await timeOf(batch)) / count);
  return {
    name: 'a login that is known, added to the pass',
    value: median(times) * 1_000,
    unit: 'µs',
    target: 20,
  };
}

async function firstFigure(gateway: string, alone: string, { here, createUser }: LoginLab): Promise<Figure> {
  const pairs: Pair[] = [];
  for (let round = -1; round < 9; round += 1) {
    const login = await createUser(`first${round + 1}`);
    const { hash = '' } = (await here.user(login.name)) ?? {};
    const ours = await timeOf(() => ask(gateway, 'SHOW DATABASES', login));
    const floor = await timeOf(async () => {
      await bcryptMatches(login.password, hash);
      await ask(alone, `CREATE USER ${login.name} WITH PASSWORD '${login.password}'`);
      await ask(alone, `GRANT READ ON d TO ${login.name}`);
      await ask(alone, 'SHOW DATABASES', login);
    });
    if (round >= 0) pairs.push({ ours, floor });
  }
  const { ours, floor } = middlePair(pairs);
  return {
    name: 'a first login, which makes the user on the server',
    value: ours,
    unit: 'ms',
    floorName: 'its bcrypt check, its statements and a login at a server',
    floor,
    target: 1.3,
  };
}
