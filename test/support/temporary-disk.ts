import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Mounts a disk of `megabytes` in a directory of its own until the test ends. Needs the facility `tmpfs`. */
export function temporaryDisk(megabytes: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
  onTestFinished(() => {
    execFileSync('umount', [dir]);
    rmdirSync(dir);
  });
  return dir;
}
