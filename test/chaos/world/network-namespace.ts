import { run } from './privileges.js';

/** A network of its own for a process, with one link to ours, which can be taken down. Needs root, and `ip` of iproute2. */
export class NetworkNamespace {
  readonly name: string;
  /** Our address on the link: where the process reaches us. */
  readonly address: string;
  readonly #link: string;

  private constructor(name: string, address: string, link: string) {
    this.name = name;
    this.address = address;
    this.#link = link;
  }

  static async create(): Promise<NetworkNamespace> {
    const mark = process.pid % 100_000;
    const [name, link, peer] = [`cflux-chaos-${mark}`, `cfxh${mark}`, `cfxn${mark}`];
    // 198.18.0.0/15 is for tests of networks (RFC 2544); four addresses of it are ours.
    const place = process.pid % 16_384;
    const [ours, theirs] = [1, 2].map((end) => `198.18.${place >> 6}.${(place & 63) * 4 + end}`);
    const namespace = new NetworkNamespace(name, ours ?? '', link);
    await run('ip', 'netns', 'add', name);
    try {
      await run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', peer, 'netns', name);
      await run('ip', 'address', 'add', `${ours}/30`, 'dev', link);
      await run('ip', 'link', 'set', link, 'up');
      await run('ip', '-n', name, 'address', 'add', `${theirs}/30`, 'dev', peer);
      await run('ip', '-n', name, 'link', 'set', peer, 'up');
      await run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    } catch (error) {
      await namespace.remove();
      throw error;
    }
    return namespace;
  }

  /** How a program is run in it. */
  get command(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Packets are lost from now on, without an error: connections are half open. */
  async down(): Promise<void> {
    await run('ip', 'link', 'set', this.#link, 'down');
  }

  async up(): Promise<void> {
    await run('ip', 'link', 'set', this.#link, 'up');
  }

  /** The link goes with it. */
  async remove(): Promise<void> {
    await run('ip', 'netns', 'delete', this.name);
  }
}
