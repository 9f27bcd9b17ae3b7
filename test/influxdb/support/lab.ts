import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetaData } from 'clusterflux';
import { InfluxMirror, type InfluxMirrorOptions, type Report } from 'clusterflux/influxdb';
import { onTestFinished } from 'vitest';
import { type Influxd, type InfluxdOptions, startInfluxd } from '../../support/influxd.js';

/** Called at the end of the test, the last one first. */
export function atEnd(clean: () => Promise<unknown>): void {
  onTestFinished(async () => {
    await clean();
  });
}

/** A real server for the length of a test. */
export async function server(options: InfluxdOptions = {}): Promise<Influxd> {
  const started = await startInfluxd(options);
  atEnd(() => started.remove());
  return started;
}

/** A directory for the length of a test. */
export async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-mirror-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A mirror of `of` for the length of a test; it knows every password that the builders of test metadata make. */
export function mirror(
  of: { readonly url: string },
  options: Partial<InfluxMirrorOptions> = {},
): InfluxMirror {
  const made = new InfluxMirror({ url: of.url, passwords: (user) => user, ...options });
  atEnd(() => made.close());
  return made;
}

/** Makes `of` follow `data` once, by a mirror of its own: its directory is free for the next one afterwards. */
export async function convergeOnce(
  of: { readonly url: string },
  options: Partial<InfluxMirrorOptions>,
  data: MetaData,
): Promise<Report> {
  const made = mirror(of, options);
  try {
    return await made.converge(data);
  } finally {
    await made.close();
  }
}

/** The names in the first column of the first series of a result. */
export async function names(of: Influxd, statement: string): Promise<unknown[]> {
  const { results, error } = await of.query(statement);
  const result = results?.[0];
  if (result === undefined || result.error !== undefined)
    throw new Error(result?.error ?? error ?? 'no answer');
  return (result.series?.[0]?.values ?? []).map(([name]) => name);
}
