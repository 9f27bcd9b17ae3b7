import { Agent, request } from 'node:http';
import { LocalMetaClient } from '../../src/index.js';
import { bcryptMatches } from '../../src/meta/bcrypt.js';
import { median, middlePair, type Pair } from '../measure.js';
import type { Figure } from '../report.js';
import { ask, type Login, type LoginLab, root, startLoginLab, timeOf } from './login-lab.js';

/** From which addresses, and for which users, wrong passwords come. */
interface Flood {
  readonly name: string;
  readonly addresses: number;
  readonly users: number;
}

const floods: readonly Flood[] = [
  { name: 'for one user from its address', addresses: 1, users: 1 },
  { name: 'for 20 users from 50 other addresses', addresses: 50, users: 20 },
];

/** The delay of a good login, which a new gateway does not know yet, by a hundred wrong ones a second. */
export async function run(): Promise<Figure[]> {
  const lab = await startLoginLab();
  const agent = new Agent({ keepAlive: true });
  try {
    const good = await lab.createUser('good');
    const victims: Login[] = [];
    for (let at = 0; at < 20; at += 1) victims.push(await lab.createUser(`victim${at}`));
    const check = await checkTime();
    // The server gets the user.
    await timeUnder(lab, good, () => undefined);
    const figures: Figure[] = [];
    for (const flood of floods) figures.push(await floodFigure(lab, { flood, good, victims, check, agent }));
    return figures;
  } finally {
    agent.destroy();
    await lab.close();
  }
}

async function floodFigure(
  lab: LoginLab,
  {
    flood,
    good,
    victims,
    check,
    agent,
  }: {
    readonly flood: Flood;
    readonly good: Login;
    readonly victims: readonly Login[];
    readonly check: number;
    readonly agent: Agent;
  },
): Promise<Figure> {
  let count = 0;
  const pairs: Pair[] = [];
  const send = (areWrong: boolean) => (url: string) => {
    count += 1;
    const victim = victims[count % flood.users] ?? root;
    const login = areWrong ? { name: victim.name, password: `wrong${count}` } : root;
    const from = flood.addresses === 1 ? '127.0.0.1' : `127.0.1.${1 + (count % flood.addresses)}`;
    sendFrom(url, from, login, agent);
  };
  // As many requests in either case, so that only the checks differ. A gateway closes when its checks are over, after seconds.
  for (let round = 0; round < 5; round += 1)
    pairs.push({
      ours: await timeUnder(lab, good, send(true)),
      floor: await timeUnder(lab, good, send(false)),
    });
  const { ours, floor } = middlePair(pairs);
  return {
    name: `delay of a good login by a hundred wrong ones a second ${flood.name}`,
    value: Math.max(0, ours - floor) / check,
    unit: 'checks',
    target: 1,
  };
}

/** Milliseconds of a good login at a new gateway that gets a request every ten milliseconds. */
async function timeUnder(lab: LoginLab, good: Login, send: (url: string) => void): Promise<number> {
  const gateway = await lab.start();
  await ask(gateway.url, 'SHOW DATABASES');
  const flood = setInterval(() => send(gateway.url), 10);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const time = await timeOf(() => ask(gateway.url, 'SHOW DATABASES', good));
  clearInterval(flood);
  await gateway.close();
  return time;
}

/** Sends a query from a loopback address, and ignores the response. */
function sendFrom(url: string, localAddress: string, { name, password }: Login, agent: Agent): void {
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  request(`${url}/query?q=SHOW+DATABASES`, { agent, localAddress, headers: { authorization } }, (response) =>
    response.resume(),
  )
    .once('error', () => {})
    .end();
}

async function checkTime(): Promise<number> {
  const meta = new LocalMetaClient();
  await meta.open();
  const { hash } = await meta.createUser('a', 'a', false);
  const times: number[] = [];
  for (let round = 0; round < 7; round += 1) times.push(await timeOf(() => bcryptMatches('b', hash)));
  await meta.close();
  return median(times);
}
