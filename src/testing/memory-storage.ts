import type { NodeStorage } from '../client/local/node-directory.js';

/**
 * A node's files in memory: hand the same one to the next client, and it is the same node after a restart.
 *
 * @example
 * ```ts
 * const storage = new MemoryStorage();
 * const client = new CfluxClient(mockMetaClient(), { transport: fake.transport, storage });
 * await client.open();
 * console.log([...storage.files.keys()].includes('cflux.json')); // true
 * ```
 */
export class MemoryStorage implements NodeStorage {
  readonly files = new Map<string, Uint8Array>();
  /** Throw from it to make a write fail; what was there stays. */
  beforeWrite: (name: string) => void | Promise<void> = () => undefined;

  async read(name: string): Promise<string | undefined> {
    const content = this.files.get(name);
    return content && Buffer.from(content).toString();
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await this.beforeWrite(name);
    this.files.set(name, typeof content === 'string' ? Buffer.from(content) : content);
  }

  async list(folder: string): Promise<readonly string[]> {
    const start = `${folder}/`;
    return [...this.files.keys()]
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name);
  }

  pathOf(name: string): string {
    return `memory:${name}`;
  }

  /** The backups that were made, oldest first. */
  get backups(): readonly Uint8Array[] {
    return [...this.files].filter(([name]) => name.startsWith('backups/')).map(([, content]) => content);
  }
}
