import type { MetadataSource, SourceEvents } from 'clusterflux/influxdb';
import { EventEmitter } from 'eventemitter3';
import type { MetaData } from '../../../src/meta/records.js';

/** A source of metadata whose history a test writes itself. */
export class StubSource implements MetadataSource {
  status: { version: number; epoch: string | undefined } = { version: 0, epoch: undefined };
  readonly #events = new EventEmitter();
  #data: MetaData;

  constructor(data: MetaData) {
    this.#data = data;
  }

  data(): MetaData {
    return this.#data;
  }

  /** The cluster's next version. */
  become(
    data: MetaData,
    {
      epoch = 'one',
      event = 'synced',
    }: { epoch?: string; event?: 'synced' | 'pushed' | 'epochChanged' } = {},
  ): void {
    this.#data = data;
    this.status = { version: this.status.version + 1, epoch };
    this.#events.emit(event, {});
  }

  /** The version of a change of the followed client itself, which was pushed from the version below. */
  push(data: MetaData, { version, epoch }: { version: number; epoch: string }): void {
    const { version: previousVersion } = this.status;
    this.#data = data;
    this.status = { version, epoch };
    this.#events.emit('pushed', { version, previousVersion, orders: 0 });
  }

  /** As a client whose metadata is new a moment before its status is, and its events. */
  replaceSilently(data: MetaData): void {
    this.#data = data;
  }

  on<Event extends keyof SourceEvents>(event: Event, listener: (...args: SourceEvents[Event]) => void): void {
    this.#events.on(event, listener);
  }

  off<Event extends keyof SourceEvents>(
    event: Event,
    listener: (...args: SourceEvents[Event]) => void,
  ): void {
    this.#events.off(event, listener);
  }

  get listeners(): number {
    return this.#events.eventNames().reduce((count, name) => count + this.#events.listenerCount(name), 0);
  }
}
