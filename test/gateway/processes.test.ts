import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ManagerServer } from '../chaos/world/manager-server.js';
import { AgentProcess, cfluxProgram } from '../cli/agent-process.js';
import { type AnsweringProxy, answeringProxy } from '../influxdb/support/answering-proxy.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names, server } from '../influxdb/support/lab.js';
import { bundle } from '../support/bundle.js';
import { freePort, type Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, query } from './support/exchange.js';
import { wireTo } from './support/wire.js';

const success = '{"results":[{"statement_id":0}]}\n';

/** A server, its agent with a gateway in a process of its own, and a proxy between the two. */
interface Post {
  readonly influxd: Influxd;
  readonly front: AnsweringProxy;
  readonly agent: AgentProcess;
  readonly gateway: string;
  start(): Promise<void>;
}

let program: Promise<string> | undefined;

async function post(manager: string, ...more: readonly string[]): Promise<Post> {
  const influxd = await server();
  const front = await answeringProxy(influxd.url);
  const port = await freePort();
  program ??= cfluxProgram();
  const agent = new AgentProcess(
    await program,
    ...['--influxdb', front.url, '--data', await directory(), '--endpoint', manager, '--cluster', 'prod'],
    ...['--listen', '127.0.0.1:0', '--gateway', `127.0.0.1:${port}`, ...more],
  );
  const start = async () => {
    agent.start();
    await agent.printed(/gateway before/);
  };
  await start();
  await agent.printed(/in sync with version/);
  return { influxd, front, agent, gateway: `http://127.0.0.1:${port}`, start };
}

/** The response to a statement; `undefined` if the connection broke. */
const ask = async (url: string, text: string) =>
  (await exchange(url, query(text)).catch(() => undefined))?.body;

describeWithServer('influxd', 'a gateway whose process is killed', () => {
  it('R30: within a write acknowledges nothing, stores nothing of it, and takes the next write', async () => {
    const { influxd, agent, gateway, start } = await post((await labManager()).url);
    expect(await ask(gateway, 'CREATE DATABASE x')).toBe(success);
    const wire = await wireTo(gateway);
    const line = 'm v=1 1\n';
    wire.write(`POST /write?db=x HTTP/1.1\r\nHost: h\r\nContent-Length: ${line.length * 2}\r\n\r\n${line}`);
    await agent.kill();
    expect(await wire.ended()).toBe('');
    await start();
    expect(await names(influxd, 'SELECT v FROM x..m')).toEqual([]);
    const write = { method: 'POST', path: '/write?db=x', body: line };
    expect((await exchange(gateway, write)).status).toBe(204);
    expect(await names(influxd, 'SELECT v FROM x..m')).toHaveLength(1);
  });

  it('R31, R36: within a statement has it executed after its restart, a DROP once and not on what came after it', async () => {
    const { influxd, front, agent, gateway, start } = await post((await labManager()).url);
    /** Kills the agent when its server gets a statement, perhaps after the server has executed it. */
    const killedAt = async (statement: string, isExecuted: boolean) => {
      front.respond = async (text) => {
        if (!text.startsWith(statement)) return undefined;
        front.respond = () => undefined;
        if (isExecuted) await influxd.query(text);
        await agent.kill();
        return 'reset';
      };
      return ask(gateway, statement.replaceAll('"', ''));
    };
    expect(await killedAt('CREATE DATABASE "x"', false)).toBeUndefined();
    await start();
    await agent.printed(/done {6}CREATE DATABASE "x"/);
    await influxd.write('x', 'm v=1 1');
    expect(await killedAt('DROP DATABASE "x"', false)).toBeUndefined();
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['x']);
    await start();
    await agent.printed(/done {6}DROP DATABASE "x"/);
    expect(await ask(gateway, 'CREATE DATABASE x')).toBe(success);
    expect(await killedAt('DROP DATABASE "x"', true)).toBeUndefined();
    await start();
    await agent.printed(/in sync with version/);
    expect(await ask(gateway, 'CREATE DATABASE x')).toBe(success);
    await influxd.write('x', 'm v=2 2');
    await agent.kill();
    await start();
    await agent.printed(/in sync with version/);
    expect(agent.lines.filter((each) => each.includes('DROP DATABASE'))).toEqual([]);
    expect(await names(influxd, 'SELECT v FROM x..m')).toHaveLength(1);
  });
});

describeWithServer('influxd', 'three servers with agents and gateways', () => {
  it('R30, R31: lose nothing that was acknowledged and repeat no write, whatever is killed', async () => {
    const source = fileURLToPath(new URL('../chaos/programs/manager.ts', import.meta.url));
    const manager = new ManagerServer(
      'manager',
      await bundle(source),
      ['', 'lmdb', await directory()],
      (what) => {
        throw new Error(what);
      },
    );
    atEnd(() => manager.program.end('SIGKILL'));
    await manager.start();
    const posts = [await post(manager.url), await post(manager.url), await post(manager.url)];
    expect(await ask(posts[0]?.gateway ?? '', 'CREATE DATABASE load')).toBe(success);
    const repeated: string[] = [];
    const loads = posts.map((each, at) => new Load(each, at, repeated));
    const proceed = async () => {
      const marks = loads.map((load) => load.mark());
      const behind = () => loads.filter((load, at) => !load.isBeyond(marks[at])).map(({ last }) => last);
      await expect.poll(behind, { timeout: 60_000, interval: 50 }).toEqual([]);
    };
    await proceed();
    const [first, second, third] = posts as [Post, Post, Post];
    await first.agent.kill();
    await first.start();
    await proceed();
    await second.influxd.stop('SIGKILL');
    await second.influxd.start();
    await proceed();
    await manager.program.end('SIGKILL');
    await manager.start();
    await proceed();
    await Promise.all([third.agent.kill(), second.influxd.stop('SIGKILL')]);
    await Promise.all([third.start(), second.influxd.start()]);
    await proceed();
    for (const load of loads) await load.end();
    expect(repeated).toEqual([]);
    const created = loads.flatMap(({ databases }) => databases);
    for (const [at, { influxd }] of posts.entries()) {
      await expect
        .poll(() => names(influxd, 'SHOW DATABASES'), { timeout: 20_000 })
        .toEqual(expect.arrayContaining(['load', ...created]));
      const stored = new Set(
        (await names(influxd, 'SELECT v FROM load..m')).map((time) => Date.parse(String(time))),
      );
      expect(loads[at]?.points.filter((point) => !stored.has(point))).toEqual([]);
    }
  });
});

/** Writes and statements at a gateway, one after the other, until it is ended. */
class Load {
  /** Times of the acknowledged points, in milliseconds since 1970. */
  readonly points: number[] = [];
  /** The acknowledged databases. */
  readonly databases: string[] = [];
  /** The last response to a statement. */
  last = '';
  #isOver = false;
  readonly #tasks: readonly Promise<void>[];

  constructor({ gateway, front }: Post, at: number, repeated: string[]) {
    const seen = new Set<string>();
    front.respond = (_, path) => {
      if (!path.startsWith('/write')) return undefined;
      if (seen.has(path)) repeated.push(path);
      seen.add(path);
      return undefined;
    };
    this.#tasks = [
      this.#repeat(async (count) => {
        const sent = {
          method: 'POST',
          path: `/write?db=load&precision=ms&id=${count}`,
          body: `m v=1 ${count}`,
        };
        const response = await exchange(gateway, sent);
        expect([204, 503]).toContain(response.status);
        if (response.status === 204) this.points.push(count);
      }),
      this.#repeat(async (count) => {
        const name = `g${at}n${count}`;
        const { body } = await exchange(gateway, query(`CREATE DATABASE ${name}`));
        this.last = body;
        if (body === success) this.databases.push(name);
        else
          expect(body).toMatch(
            /cannot change the cluster|outcome is unknown|not on this server yet|does not respond|has just changed/,
          );
      }),
    ];
  }

  mark(): readonly [points: number, databases: number] {
    return [this.points.length, this.databases.length];
  }

  /** Whether more of both was acknowledged since. */
  isBeyond([points, databases] = this.mark()): boolean {
    return this.points.length >= points + 5 && this.databases.length >= databases + 2;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#tasks);
  }

  async #repeat(one: (count: number) => Promise<void>): Promise<void> {
    for (let count = 1; !this.#isOver; count += 1) {
      try {
        await one(count);
      } catch (error) {
        // The gateway is away.
        if (!/ECONN|socket hang up/.test(String(error))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
  }
}
