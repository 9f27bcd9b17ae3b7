import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stateOfFiles } from '../../support/state-of-files.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Returns the directory of a build of the dashboard as the sources are now; it is built only once for each state of the sources. */
export async function builtUiOf(): Promise<string> {
  const cache = join(root, 'node_modules/.cache/clusterflux-ui');
  const directory = join(cache, await stateOfFiles(sources));
  if (await isThere(directory)) return directory;
  await mkdir(cache, { recursive: true });
  const temporary = join(cache, `building-${process.pid}`);
  const { build } = await import('vite');
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

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
