import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './privileges.js';

/** A small file system in memory, for a store to be on, which can be filled. To mount it needs root. */
export class SmallDisk {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async mount(dir: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(dir, { recursive: true });
    await run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', dir);
    return new SmallDisk(dir);
  }

  /** Leaves no room. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.dir);
    const ballast = Buffer.alloc(bavail * bsize);
    // What does not fit is what is wanted.
    await writeFile(this.#ballast, ballast).catch(() => undefined);
  }

  async free(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', '--lazy', this.dir);
  }

  get #ballast(): string {
    return join(this.dir, 'ballast');
  }
}
