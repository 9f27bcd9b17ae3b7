import {
  CfluxClient,
  type CfluxEventName,
  type CfluxOptions,
  cfluxEventNames,
  decodeMetadata,
  encodeMetadata,
  LocalMetaClient,
  type MetaData,
} from 'clusterflux';
import { FaultyTransport, type FaultyTransportOptions, MemoryStorage } from 'clusterflux/testing';
import type { Clock } from '../../../src/clock.js';
import type { Random } from '../../../src/random.js';
import type { Transport } from '../../../src/transport/transport.js';
import { Incarnation } from './incarnation.js';

export interface LifeOptions extends CfluxOptions {
  /** The wrapped client can not fork: changes are made on it and taken back. */
  readonly inPlace?: boolean;
}

/** A machine with a disk, on which one client lives after the other. */
export class SimulatedNode {
  readonly name: string;
  readonly storage = new MemoryStorage();
  readonly network: FaultyTransport;
  /** Every event of all its lives, in order. */
  readonly events: { readonly name: CfluxEventName; readonly payload: unknown }[] = [];
  /** What its `meta.db` holds; absent: none was written. */
  metaFile: Uint8Array | undefined;
  /** Every version that it ever wrote to its record, and every id: it reports no other ones. */
  readonly accepted = new Set<number>();
  readonly ids = new Set<number>();
  #copy:
    | { readonly files: ReadonlyMap<string, Uint8Array>; readonly metaFile: Uint8Array | undefined }
    | undefined;
  readonly #faults: { record?: () => void; meta?: () => void } = {};
  #incarnation = new Incarnation();
  #onKill: () => void = () => undefined;
  #client: CfluxClient<LocalMetaClient> | undefined;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(
    name: string,
    parts: { transport: Transport; clock: Clock; random: Random; faults?: FaultyTransportOptions['faults'] },
  ) {
    this.name = name;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.storage.beforeWrite = (name) => (name === 'cflux.json' ? this.#befall('record') : undefined);
    const faults = parts.faults ? { faults: parts.faults } : {};
    this.network = new FaultyTransport(parts.transport, { clock: parts.clock, patience: 2_000, ...faults });
  }

  get alive(): boolean {
    return this.#client !== undefined && this.#incarnation.alive;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  get client() {
    if (!this.#client) throw new Error(`${this.name} has no client`);
    return this.#client;
  }

  /** A new process on this machine; `open()` is the caller's. */
  start({ inPlace = false, ...options }: LifeOptions = {}) {
    const incarnation = new Incarnation();
    this.#incarnation = incarnation;
    const meta = this.#metaClient(incarnation, inPlace);
    const storage = incarnation.storage(this.storage);
    const client = new CfluxClient(meta, {
      cluster: 'world',
      pollWait: 20_000,
      heartbeatInterval: 10_000,
      random: this.#random,
      clock: incarnation.clock(this.#clock),
      storage: {
        ...storage,
        write: (name, content) => {
          if (name === 'cflux.json' && incarnation.alive) this.#noteRecord(content);
          return storage.write(name, content);
        },
      },
      transport: incarnation.transport(this.network),
      ...options,
    });
    for (const name of cfluxEventNames) {
      client.on(name, (payload?: unknown) => {
        if (incarnation.alive) this.events.push({ name, payload });
      });
    }
    this.#client = client;
    return client;
  }

  /** Copies its disk, or puts it back to the copy, while no process runs on it. */
  copyDisk(): void {
    this.#copy = { files: new Map(this.storage.files), metaFile: this.metaFile };
  }

  /** Gets a copy of the disk of `other`, whose process may be running. */
  copyFrom(other: SimulatedNode): void {
    for (const [name, content] of other.storage.files) this.storage.files.set(name, content);
    this.metaFile = other.metaFile;
    for (const version of other.accepted) this.accepted.add(version);
    for (const id of other.ids) this.ids.add(id);
  }

  restoreDisk(): void {
    if (this.alive || this.#copy === undefined) return;
    this.storage.files.clear();
    for (const [name, content] of this.#copy.files) this.storage.files.set(name, content);
    this.metaFile = this.#copy.metaFile;
  }

  #noteRecord(content: string | Uint8Array): void {
    const { nodeId, version } = JSON.parse(
      typeof content === 'string' ? content : Buffer.from(content).toString(),
    );
    if (typeof nodeId === 'number') this.ids.add(nodeId);
    if (typeof version === 'number') this.accepted.add(version);
  }

  /** SIGKILL: from now on nothing that this process does reaches anything. */
  kill(): void {
    this.#incarnation.kill();
    this.#onKill();
    this.#client = undefined;
  }

  /** The next write of the record (`cflux.json`) or the metadata (`meta.db`) meets `fault` first: it may kill the process, or throw. */
  onWrite(file: 'record' | 'meta', fault: (() => void) | undefined): void {
    if (fault) this.#faults[file] = fault;
    else delete this.#faults[file];
  }

  #befall(file: 'record' | 'meta'): void {
    const fault = this.#faults[file];
    delete this.#faults[file];
    fault?.();
  }

  /** The payloads of every event `name` so far. */
  heard = (name: CfluxEventName): readonly unknown[] =>
    this.events.filter((event) => event.name === name).map(({ payload }) => payload);

  /** A store in memory whose every accepted state is kept in {@link metaFile}, as LocalMetaClient keeps it in a file. */
  #metaClient(incarnation: Incarnation, inPlace: boolean): LocalMetaClient {
    const kept = this.metaFile;
    const store = new LocalMetaClient({ bcryptCost: 4, ...(kept ? { data: decodeMetadata(kept) } : {}) });
    const setData = store.setData.bind(store);
    const save = () => {
      this.metaFile = encodeMetadata(store.data());
    };
    store.setData = async (data: MetaData) => {
      if (incarnation.alive) this.#befall('meta');
      if (!incarnation.alive) return new Promise<never>(() => undefined);
      await setData(data);
      save();
    };
    if (inPlace) {
      Object.defineProperty(store, 'fork', { value: undefined });
      // What is not decided yet is on the disk too.
      this.#onKill = save;
    } else this.#onKill = () => undefined;
    return store;
  }
}
