import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeMetadata, type MetaData } from 'clusterflux';
import type { Influxd } from '../../support/influxd.js';

/** Path of a server's `meta.db`. */
export const metaFile = ({ dir }: Influxd) => join(dir, 'meta', 'meta.db');

/** The metadata of a stopped server. */
export const metadataOf = async (influxd: Influxd): Promise<MetaData> =>
  decodeMetadata(await readFile(metaFile(influxd)));

/** The flags that name the directories and ports of a server. */
export const serverFlags = ({ dir, url, snapshot }: Influxd): readonly string[] => [
  ...['--data', join(dir, 'data'), '--wal', join(dir, 'wal'), '--meta', join(dir, 'meta')],
  ...['--influxdb', url, '--snapshot', snapshot],
];

const quoted = (name: string) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** The number of points of each series and field of every policy, as text. */
export async function countsOf(
  influxd: Influxd,
  policies: readonly (readonly [database: string, policy: string])[],
): Promise<readonly string[]> {
  const counts: string[] = [];
  for (const [database, policy] of policies) {
    const answer = await influxd.query(
      `SELECT count(*) FROM ${quoted(database)}.${quoted(policy)}./.*/ GROUP BY *`,
    );
    const [result] = answer.results ?? [];
    if (result === undefined || result.error !== undefined)
      throw new Error(result?.error ?? answer.error ?? 'no response');
    for (const series of result.series ?? []) {
      const { name, values } = series;
      const tags = JSON.stringify((series as { tags?: unknown }).tags);
      counts.push(`${database} ${policy} ${name} ${tags} ${JSON.stringify(values?.[0]?.slice(1))}`);
    }
  }
  return counts.sort();
}

/** A digest of the names and the content of all files below `folders`, except `fields.idx`, which a server rewrites. */
export async function digestOf(...folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders) {
    for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).sort(
      (one, other) => (join(one.parentPath, one.name) < join(other.parentPath, other.name) ? -1 : 1),
    )) {
      const path = join(entry.parentPath, entry.name);
      hash.update(path);
      if (entry.isFile()) hash.update(await readFile(path));
    }
  }
  return hash.digest('hex');
}

/** Waits until every shard of the server has its points in TSM files. */
export async function flushed({ dir }: Influxd): Promise<void> {
  const isFlushed = async () => {
    const files = await readdir(join(dir, 'wal'), { recursive: true, withFileTypes: true });
    for (const file of files) {
      if (!file.name.endsWith('.wal')) continue;
      // A segment may be removed meanwhile.
      const bytes = await readFile(join(file.parentPath, file.name)).catch(() => '');
      if (bytes.length > 0) return false;
    }
    return true;
  };
  while (!(await isFlushed())) await pause(50);
}
