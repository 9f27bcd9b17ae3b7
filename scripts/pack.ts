import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Packs the package as it would be published, into `directory`; returns the path of the tarball. */
export function pack(directory = root): string {
  const args = ['pack', '--json', '--pack-destination', directory];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as {
    filename: string;
  }[];
  if (packed === undefined) throw new Error('npm packed nothing');
  return join(directory, packed.filename);
}
