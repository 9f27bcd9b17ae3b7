import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A directory with a build of a page. */
export async function pageDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cflux-ui-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'index.html.gz'), gzipSync('<!doctype html><title>page</title>'));
  await writeFile(join(directory, 'code-1a2b.js.gz'), gzipSync('export {};'));
  await writeFile(join(directory, 'notes.txt.gz'), gzipSync('not part of the page'));
  return directory;
}
