import { Mutex } from '../../async/mutex.js';
import type { NodeStorage } from './node-directory.js';
import {
  formatNodeRecord,
  type NodeRecord,
  parseLegacyNodeId,
  parseNodeRecord,
  recordName,
} from './node-record.js';

/** The record of the legacy client. */
const legacyFileName = 'node_id.json';

/** The record of a node: in memory, and on disk if the node has a directory. Writes keep their order. */
export class RecordFile {
  readonly #storage: NodeStorage | undefined;
  readonly #writer = new Mutex();
  #content: NodeRecord;

  constructor(cluster: string, storage: NodeStorage | undefined) {
    this.#storage = storage;
    this.#content = { cluster };
  }

  get content(): NodeRecord {
    return this.#content;
  }

  /** Reads the record of an earlier process; the record of another cluster is ignored. */
  async read(): Promise<void> {
    const content = await this.#stored();
    if (content?.cluster === this.#content.cluster) this.#content = content;
  }

  /** Changes the record in memory only. */
  note(change: Partial<NodeRecord>): void {
    this.#content = { ...this.#content, ...change };
  }

  /** Changes the record on disk, and then in memory. */
  write(change: Partial<NodeRecord>): Promise<void> {
    return this.#writer.run(async () => {
      await this.#storage?.write(recordName, formatNodeRecord({ ...this.#content, ...change }));
      this.note(change);
    });
  }

  async #stored(): Promise<NodeRecord | undefined> {
    const storage = this.#storage;
    if (!storage) return undefined;
    const text = await storage.read(recordName);
    if (text !== undefined) return parseNodeRecord(text, storage.pathOf(recordName));
    const legacy = await storage.read(legacyFileName);
    if (legacy === undefined) return undefined;
    return { ...this.#content, nodeId: parseLegacyNodeId(legacy, storage.pathOf(legacyFileName)) };
  }
}
