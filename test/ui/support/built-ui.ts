import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Returns the directory of a build of the dashboard as the sources are now; it is built only once for each state of the sources. */
export async function builtUiOf(): Promise<string> {
  const cache = join(root, 'node_modules/.cache/clusterflux-ui');
  const directory = join(cache, await stateOfSources());
  if (await isThere(directory)) return directory;
  await mkdir(cache, { recursive: true });
  const temporary = join(cache, `building-${process.pid}`);
  await build({
    configFile: join(root, 'src/ui/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: temporary },
  });
  // Another test file may have built it meanwhile.
  await rename(temporary, directory).catch(() => rm(temporary, { recursive: true, force: true }));
  for (const other of await readdir(cache))
    if (join(cache, other) !== directory && !other.startsWith('building-'))
      await rm(join(cache, other), { recursive: true, force: true });
  return directory;
}

const sources = [
  'src/ui',
  'src/meta',
  'src/protocol',
  'src/errors.ts',
  'src/printable.ts',
  'src/json-object.ts',
  'package-lock.json',
];

async function stateOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) await addTo(hash, join(root, source));
  return hash.digest('hex').slice(0, 16);
}

async function addTo(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) hash.update(path).update(await readFile(path));
  else for (const name of names.toSorted()) await addTo(hash, join(path, name));
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
