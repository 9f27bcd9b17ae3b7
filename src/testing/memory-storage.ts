import type { NodeStorage } from '../client/local/node-directory.js';

/**
 * A node's files in memory. Pass the same storage to the next client to simulate a restart of the node.
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
  /** Called before each write; if it throws, the write fails and the old content stays. */
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

  /** The backups, oldest first. */
  get backups(): readonly Uint8Array[] {
    return [...this.files].filter(([name]) => name.startsWith('backups/')).map(([, content]) => content);
  }
}
