import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ManagerServer } from '../chaos/world/manager-server.js';
import { bundle } from '../support/bundle.js';
import { ClientsProcess } from './clients-process.js';
import { Outages } from './outages.js';
import type { Counts, FinalNode, SoakReport } from './programs/messages.js';
import type { Point } from './trend.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly nodes: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** What a soak came to. */
export interface SoakOutcome {
  /** What was measured again and again, by name; bytes, or a count. */
  readonly series: ReadonlyMap<string, readonly Point[]>;
  readonly counts: Counts;
  readonly outages: Outages;
  readonly failedHeartbeats: number;
  /** What must not be, in words. */
  readonly complaints: readonly string[];
  readonly versions: number;
}

/** How many processes share the nodes. */
export const processes = 4;
/** Milliseconds that a manager lives. */
const managerLife = 60_000;

const programFile = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Lets a fleet live for a while beside a manager that is ended every minute, and keeps what it sees. */
export async function soak(options: SoakOptions): Promise<SoakOutcome> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-soak-'));
  const run = new Soak(options, dir);
  try {
    return await run.live();
  } finally {
    await run.close();
    await rm(dir, { recursive: true, force: true });
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #dir: string;
  readonly #begun = performance.now();
  readonly #outages = new Outages();
  readonly #series = new Map<string, Point[]>();
  readonly #counts = new Map<string, Counts>();
  /** Nodes that the manager does not count as alive, until each process has reported which of its nodes were always open. */
  readonly #suspects = new Map<string, ReadonlySet<number>>();
  readonly #complaints: string[] = [];
  readonly #clients: ClientsProcess[] = [];
  #manager: ManagerServer | undefined;
  #failedHeartbeats = 0;

  constructor(options: SoakOptions, dir: string) {
    this.#options = options;
    this.#dir = dir;
  }

  async live(): Promise<SoakOutcome> {
    const program = await bundle(programFile('../chaos/programs/manager.ts'));
    const manager = new ManagerServer('manager', program, ['', 'lmdb', join(this.#dir, 'store')], (what) =>
      this.#complaints.push(what),
    );
    this.#manager = manager;
    await manager.start();
    await this.#startClients(manager.url);
    const end = this.#begun + this.#options.minutes * 60_000;
    for (let restart = 0; performance.now() + managerLife < end; restart++) {
      await sleep(managerLife);
      await this.#look(manager);
      await this.#restart(manager, restart % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    }
    await sleep(Math.max(end - performance.now(), 0));
    await this.#look(manager);
    await Promise.all(this.#clients.map((clients) => clients.rest()));
    const versions = this.#judge((await Promise.all(this.#clients.map((clients) => clients.judge()))).flat());
    await Promise.all(this.#clients.map((clients) => clients.end()));
    return {
      series: this.#series,
      counts: sum([...this.#counts.values()]),
      outages: this.#outages,
      failedHeartbeats: this.#failedHeartbeats,
      complaints: this.#complaints,
      versions,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.filter(({ isAlive }) => isAlive).map((clients) => clients.end()));
    await this.#manager?.program.end('SIGKILL');
  }

  async #startClients(endpoint: string): Promise<void> {
    const program = await bundle(programFile('./programs/clients.ts'));
    for (let number = 0; number < processes; number++) {
      const name = `p${number}`;
      const setup = {
        ...{ name, endpoint, dir: join(this.#dir, name), seed: this.#options.seed + number },
        ...{ count: Math.ceil(this.#options.nodes / processes), changePause: 8_000, churnPause: 4_000 },
      };
      this.#clients.push(new ClientsProcess(setup, program, (report) => this.#hear(name, report)));
    }
    for (const clients of this.#clients) clients.start();
  }

  async #restart(manager: ManagerServer, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#outages.begin(Date.now());
    const patience = setTimeout(() => {
      this.#complaints.push(`the manager did not end within 20 s of ${signal}`);
      void manager.program.end('SIGKILL');
    }, 20_000);
    await manager.program.end(signal);
    clearTimeout(patience);
    await manager.start();
    this.#outages.end(Date.now());
  }

  /** At the end of a manager's life: what it holds, and which nodes it counts as alive. */
  async #look(manager: ManagerServer): Promise<void> {
    const status = await readFile(`/proc/${manager.program.pid}/status`, 'utf8');
    this.#note('manager resident', Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024);
    const answer = await fetch(`${manager.url}/nodes/soak`);
    const nodes = (await answer.json()) as readonly { readonly id: number; readonly alive: boolean }[];
    this.#note('nodes listed', nodes.length);
    const dead = new Set(nodes.filter(({ alive }) => !alive).map(({ id }) => id));
    for (const { setup } of this.#clients) this.#suspects.set(setup.name, dead);
    this.#options.say(
      `${this.#minutes().toFixed(1)} min: ${nodes.length - dead.size} nodes alive, ${this.#complaints.length} complaints`,
    );
  }

  #hear(name: string, report: SoakReport): void {
    if (report.kind === 'sample') {
      this.#counts.set(name, report.counts);
      this.#askAfterSuspects(name, report.settled);
      for (const [what, value] of Object.entries(report.sample)) this.#note(`${name} ${what}`, value);
    } else if (report.kind === 'complaint') this.#complaints.push(`${report.node}: ${report.what}`);
    else if (report.kind === 'heartbeatFailed') {
      this.#failedHeartbeats += 1;
      const { node, at, error } = report;
      if (!this.#outages.explains(at))
        this.#complaints.push(`${node}: a heartbeat failed without a cause: ${error}`);
    }
  }

  #askAfterSuspects(name: string, settled: readonly number[]): void {
    for (const id of settled) {
      if (this.#suspects.get(name)?.has(id))
        this.#complaints.push(`node ${id} is open and did not count as alive`);
    }
    this.#suspects.delete(name);
  }

  /** R2: every node has the same, and each change is there, or not, as its result was. Returns the last version. */
  #judge(nodes: readonly FinalNode[]): number {
    const [first] = nodes;
    for (const { name, version, digest, expected, found } of nodes) {
      if (digest !== first?.digest)
        this.#complaints.push(`${name} has other metadata, of version ${version}`);
      if (expected !== undefined && expected !== found)
        this.#complaints.push(`${name}: its last change was lost`);
    }
    if (nodes.length < this.#options.nodes) this.#complaints.push(`only ${nodes.length} nodes are left`);
    return first?.version ?? 0;
  }

  #note(what: string, value: number): void {
    const points = this.#series.get(what) ?? [];
    points.push({ time: this.#minutes(), value });
    this.#series.set(what, points);
  }

  #minutes(): number {
    return (performance.now() - this.#begun) / 60_000;
  }
}

function sum(all: readonly Counts[]): Counts {
  const total = { changes: 0, failed: 0, unknown: 0, conflicts: 0, heartbeats: 0, synced: 0, opened: 0 };
  for (const counts of all) {
    for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += counts[name];
  }
  return total;
}
