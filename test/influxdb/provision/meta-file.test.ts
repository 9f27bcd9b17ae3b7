import { chmod, chown, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { readMetaFile, replaceMetaFile } from '../../../src/influxdb/offline/meta-file.js';
import { metadata } from '../support/build.js';
import { directory } from '../support/lab.js';

const now = new Date(Date.UTC(2026, 10, 29, 12));
const options = { check: async () => {}, now };
const content = encodeMetadata(metadata({ clusterId: 1n }));
const other = encodeMetadata(metadata({ clusterId: 2n }));
const isRoot = process.getuid?.() === 0;

async function accessOf(path: string): Promise<string> {
  const { mode, uid, gid } = await stat(path);
  return `${(mode & 0o777).toString(8)} ${uid} ${gid}`;
}

describe('R34: the meta.db of a stopped server', () => {
  it('is read in every state, by the path of its directory or its own', async () => {
    const dir = await directory();
    const path = join(dir, 'meta.db');
    expect(await readMetaFile(dir)).toEqual({ path, state: 'absent' });
    await writeFile(path, '');
    expect(await readMetaFile(dir)).toMatchObject({ path, state: 'empty' });
    await writeFile(path, content.subarray(0, -2));
    expect(await readMetaFile(dir)).toMatchObject({
      state: 'damaged',
      reason: expect.stringContaining('malformed'),
    });
    await writeFile(path, content);
    expect(await readMetaFile(path)).toMatchObject({ path, state: 'whole', metadata: { clusterId: 1n } });
  });

  it.each(['no-such-directory', 'file'])('is refused in a directory that is none: %s', async (name) => {
    const dir = await directory();
    await writeFile(join(dir, 'file'), '');
    await expect(readMetaFile(join(dir, name))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^meta: .*name the dir of \[meta\]/),
    });
  });

  it.each([0o600, 0o640, 0o644, 0o664])(
    'keeps its permissions %i and owner, and its content in a backup',
    async (mode) => {
      const dir = await directory();
      const path = join(dir, 'meta.db');
      await writeFile(path, content);
      await chmod(path, mode);
      if (isRoot) await chown(path, 12_345, 23_456);
      const access = await accessOf(path);
      const backup = await replaceMetaFile(await readMetaFile(dir), other, options);
      expect(backup).toBe(`${path}.2026-11-29T120000.000Z.bak`);
      expect(await readFile(path)).toEqual(Buffer.from(other));
      expect(await readFile(backup ?? '')).toEqual(Buffer.from(content));
      expect([await accessOf(path), await accessOf(backup ?? '')]).toEqual([access, access]);
      // A second one within the same millisecond is another backup.
      expect(await replaceMetaFile(await readMetaFile(dir), content, options)).toBe(
        `${path}.2026-11-29T120000.000Z-2.bak`,
      );
      expect((await readdir(dir)).length).toBe(3);
    },
  );

  it.each([
    [0o700, '600'],
    [0o750, '640'],
    [0o755, '644'],
  ])('has the owner and the permissions of its directory (%i) if it is new', async (mode, expected) => {
    const dir = join(await directory(), 'meta');
    await mkdir(dir);
    await chmod(dir, mode);
    if (isRoot) await chown(dir, 12_345, 23_456);
    const { uid, gid } = await stat(dir);
    expect(await replaceMetaFile(await readMetaFile(dir), other, options)).toBeUndefined();
    expect(await accessOf(join(dir, 'meta.db'))).toBe(`${expected} ${uid} ${gid}`);
    expect(await readdir(dir)).toEqual(['meta.db']);
  });

  it('is not touched if the check right before the rename fails, or another process changed it', async () => {
    const dir = await directory();
    const path = join(dir, 'meta.db');
    await writeFile(path, content);
    const file = await readMetaFile(dir);
    const check = async () => {
      // The new file is complete by then.
      expect(await readdir(dir)).toHaveLength(2);
      throw new Error('a server runs');
    };
    await expect(replaceMetaFile(file, other, { check, now })).rejects.toThrow('a server runs');
    const change = () => writeFile(path, content.subarray(1));
    await expect(replaceMetaFile(file, other, { check: change, now })).rejects.toThrow(
      /another process changed it/,
    );
    expect(await readdir(dir)).toEqual(['meta.db']);
    expect(await readFile(path)).toEqual(Buffer.from(content.subarray(1)));
  });

  it('is replaced, not its target, if it is a symbolic link, as InfluxDB does', async () => {
    const dir = await directory();
    const [path, target] = [join(dir, 'meta.db'), join(dir, 'elsewhere')];
    await writeFile(target, content);
    await symlink(target, path);
    const backup = await replaceMetaFile(await readMetaFile(dir), other, options);
    expect(await readFile(target)).toEqual(Buffer.from(content));
    expect(await readFile(backup ?? '')).toEqual(Buffer.from(content));
    expect(await readFile(path)).toEqual(Buffer.from(other));
  });
});
