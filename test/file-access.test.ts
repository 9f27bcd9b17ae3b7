import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NodeDirectory } from '../src/client/local/node-directory.js';
import { accessAdvice, fileAdvice } from '../src/file-access.js';
import { MetaDirectory } from '../src/meta/meta-directory.js';
import { cflux } from './support/fake-terminal.js';

async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-access-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const failing = (code: string) => Object.assign(new Error(`${code}: no`), { code });

describe('what to do about a path that cannot be used', () => {
  it('depends on what the operating system reports', () => {
    expect(accessAdvice(failing('EACCES'))).toMatch(/give the user of this process .*read and write access/);
    expect(accessAdvice(failing('EROFS'))).toMatch(/mount the file system for writing/);
    expect(fileAdvice(failing('EPERM'))).toMatch(/give the user of this process .*read access/);
    expect(fileAdvice(failing('EISDIR'))).toMatch(/name a file/);
    for (const advice of [accessAdvice, fileAdvice]) expect(advice(failing('EIO'))).toBe('');
  });

  it('is in the error of every file that is read', async () => {
    const dir = await directory();
    expect(() => loadConfig({ file: dir, env: {}, argv: [] })).toThrow(
      /this is a directory: name a file in it/,
    );
    for (const args of [
      ['import', 'prod', dir],
      ['status', '--token-file', dir],
      ['manager', '--memory', '--tokens', dir],
    ]) {
      const { code, err } = await cflux(args);
      expect([code, err]).toEqual([2, expect.stringContaining('this is a directory: name a file in it')]);
    }
  });

  it.each(['NodeDirectory', 'MetaDirectory'])('is in the errors of %s', async (kind) => {
    // A file system of the kernel, in which not even root creates files.
    const dir = '/sys';
    const written =
      kind === 'NodeDirectory'
        ? new NodeDirectory(dir, { lock: false }).write('cflux.json', '{}')
        : MetaDirectory.open(dir, { lock: false }).then((directory) => directory.write([Buffer.from('x')]));
    await expect(written).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(
        /\/sys.*; (give the user of this process|mount the file system for writing)/,
      ),
    });
  });
});
