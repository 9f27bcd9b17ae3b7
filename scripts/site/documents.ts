import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
/** Where the pages are put for VitePress, and where it writes the site. */
export const pages = join(root, 'site/pages');
export const built = join(root, 'site/dist');

/** Files of the repository that are pages of the site, as paths below the root, with the paths of their pages. */
export const documents: ReadonlyMap<string, string> = new Map([
  ['README.md', 'index.md'],
  ['CHANGELOG.md', 'changelog.md'],
  ['CONTRIBUTING.md', 'contributing.md'],
  ['SECURITY.md', 'security.md'],
  ['docs/decisions/README.md', 'decisions/index.md'],
  ['examples/monitoring/README.md', 'examples/monitoring/index.md'],
  ...markdownBelow('docs')
    .filter((path) => !path.endsWith('README.md'))
    .map((path): [string, string] => [`docs/${path}`, path]),
]);

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .sort();
}
