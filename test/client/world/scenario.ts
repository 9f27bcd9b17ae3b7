import { type DropOrders, isCfluxError, Privilege } from 'clusterflux';
import type { Command } from './commands.js';
import { append, orderOf, passwordOf } from './journal.js';
import { lieAbout } from './lies.js';
import type { SimulatedNode } from './simulated-node.js';
import { World } from './world.js';

/** The result of a change for its caller. */
export type Told = 'pending' | 'done' | 'refused' | 'unknown' | 'never';

/** Three, and clones of them. */
const mostNodes = 5;

/** Runs commands in a world and records the results of all callers. */
export class Scenario {
  readonly world: World;
  /** By entry. */
  readonly notified = new Map<string, Told>();
  /** The entries whose change orders a drop. */
  readonly ordering = new Set<string>();
  /** What nodes read of the drop orders. */
  readonly ordersRead: (DropOrders & { readonly since: number; readonly epoch: string | undefined })[] = [];
  #lastEntry = 0;

  constructor(seed: number) {
    this.world = new World(seed);
    for (let i = 0; i < 3; i++) this.world.addNode();
  }

  async begin(): Promise<void> {
    for (const node of this.world.nodes) {
      void node
        .start({ startOffline: true })
        .open()
        .catch(() => undefined);
      await this.world.clock.advance(100);
    }
  }

  async run(command: Command): Promise<void> {
    const { clock } = this.world;
    const node = 'node' in command ? this.world.nodes[command.node] : undefined;
    if (node) this.#runAt(node, command);
    else if (command.do === 'pass') await clock.advance(command.ms);
    else if (command.do === 'stall') clock.pause(command.ms);
    else if (command.do === 'jump') clock.setWall(clock.now() + command.ms);
    else if (command.do === 'sicken') this.world.sicken(command);
    else if (command.do === 'cure') this.world.cure();
    else if (command.do === 'wipeManager') await this.world.wipeManager();
    else if (command.do === 'restartManager') await this.world.restartManager();
    else if (command.do === 'copyStore') this.world.copyStore();
    else if (command.do === 'restoreStore') await this.world.restoreStore();
    else if (command.do === 'rollback')
      await clock.runUntil(this.world.rollBack(command.by).catch(() => undefined));
    await clock.advance(0);
  }

  #runAt(node: SimulatedNode, command: Command): void {
    switch (command.do) {
      case 'append':
        for (let i = 0; node.alive && i < command.times; i++) this.#append(node);
        break;
      case 'order':
        if (node.alive) this.#append(node, { isOrder: true });
        break;
      case 'readOrders':
        if (node.alive) void this.#readOrders(node).catch(() => undefined);
        break;
      case 'fail':
        if (node.alive)
          void node.client.mutate(() => Promise.reject(new Error('own mistake'))).catch(() => undefined);
        break;
      case 'grant':
        if (node.alive) void grant(node).catch(() => undefined);
        break;
      case 'kill':
        this.#kill(node);
        break;
      case 'killAtWrite':
        node.onWrite(command.file, () => {
          this.#kill(node);
          throw new Error('died before the write');
        });
        break;
      case 'diskFull':
        node.onWrite(command.file, () => {
          throw new Error('no space left on device');
        });
        break;
      case 'start':
        if (!node.alive)
          void node
            .start({ startOffline: true, inPlace: command.inPlace })
            .open()
            .catch(() => undefined);
        break;
      case 'close':
        if (node.alive) void node.client.close();
        break;
      case 'copyDisk':
        node.copyDisk();
        break;
      case 'restoreDisk':
        this.#kill(node);
        node.restoreDisk();
        void node
          .start({ startOffline: true })
          .open()
          .catch(() => undefined);
        break;
      case 'part':
        node.network.partitioned = true;
        break;
      case 'mend':
        node.network.partitioned = false;
        break;
      case 'lose':
        for (let i = 0; i < command.times; i++) node.network.failNext(command.call, { lose: command.what });
        break;
      case 'befall':
        node.network.failNext(command.call, command.fault);
        break;
      case 'lie':
        node.network.failNext(command.call, { rewrite: (answer) => lieAbout(answer, command.lie) });
        break;
      case 'tamper':
        this.world.tamper(command.node, command.how);
        break;
      case 'clone':
        this.#clone(node);
        break;
      case 'behindBack':
        if (node.alive) void node.client.meta.createDatabase('smuggled');
        break;
    }
  }

  #clone(node: SimulatedNode): void {
    if (this.world.nodes.length >= mostNodes) return;
    void this.world
      .clone(node)
      .start({ startOffline: true })
      .open()
      .catch(() => undefined);
  }

  #append(node: SimulatedNode, { isOrder = false } = {}): void {
    const entry = `e${++this.#lastEntry}`;
    this.notified.set(entry, 'pending');
    if (isOrder) this.ordering.add(entry);
    const { client, incarnation } = node;
    // The output of a dead process is lost.
    const hear = (notified: Told) => incarnation.alive && this.notified.set(entry, notified);
    client
      .mutate((meta, { orderDrop }) => {
        if (isOrder) orderDrop(orderOf(entry));
        return append(entry)(meta);
      })
      .then(
        () => hear('done'),
        (error: unknown) => hear(isCfluxError(error, 'UNKNOWN_OUTCOME') ? 'unknown' : 'refused'),
      );
  }

  /** From half of the node's version on, as an agent that was away. */
  async #readOrders({ client }: SimulatedNode): Promise<void> {
    const { version, epoch } = client.status;
    const since = Math.floor(version / 2);
    const orders = await client.dropOrders(since);
    if (orders !== undefined) this.ordersRead.push({ ...orders, since, epoch });
  }

  /** Callers that wait for the process never get a result. */
  #kill(node: SimulatedNode): void {
    node.kill();
  }

  /** All faults end, every node lives, and time passes until no caller waits. */
  async mend(): Promise<void> {
    const { world } = this;
    world.cure();
    world.forgetTampering();
    for (const node of world.nodes) {
      node.network.partitioned = false;
      node.network.forgetFaults();
      node.onWrite('record', undefined);
      node.onWrite('meta', undefined);
    }
    await world.clock.advance(40_000);
    for (const node of world.nodes) {
      if (node.alive && node.client.status.state === 'closed') node.kill();
      if (!node.alive)
        void node
          .start({ startOffline: true })
          .open()
          .catch(() => undefined);
    }
    await world.clock.advance(60_000);
    // A change on each: a wrapped client that was changed behind the client's back is noticed at the next one.
    for (const node of world.nodes) this.#append(node);
    await world.clock.advance(40_000);
    for (const [entry, notified] of this.notified)
      if (notified === 'pending') this.notified.set(entry, 'never');
  }
}

async function grant(node: SimulatedNode): Promise<void> {
  await node.client.mutate(async (meta) => {
    if ((await meta.users()).length === 0) await meta.createUser('ada', passwordOf(), true);
    await meta.createDatabase('granted');
    await meta.setPrivilege('ada', 'granted', Privilege.Read);
  });
}
