import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { documents, pages, root } from './documents.js';

const images = new Set(['.png', '.svg']);
const languages: Readonly<Record<string, string>> = { '.iql': 'sql', '.yml': 'yaml' };

/**
 * Puts the documents of the repository where VitePress reads them. Links between documents are changed to the places of their pages; a
 * file that a document links to, such as an example, becomes a page that shows it.
 */
export function layOutPages(): void {
  rmSync(pages, { recursive: true, force: true });
  for (const [document, page] of documents) {
    const markdown = readFileSync(join(root, document), 'utf8');
    write(
      page,
      markdown.replace(/\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)/g, (_, path: string, anchor = '') => {
        const target = pageOf(join(dirname(document), path));
        return `](${relativeLink(page, target)}${anchor})`;
      }),
    );
  }
}

/** The page, or the image, for a path of the repository; it is made if it is not a document. */
function pageOf(path: string): string {
  const page = documents.get(path);
  if (page !== undefined) return page;
  const file = join(root, path);
  if (!existsSync(file)) throw new Error(`a document links to ${path}, which does not exist`);
  if (images.has(extname(path))) return copied(path);
  if (statSync(file).isDirectory()) return pageOf(join(path, 'README.md'));
  const shown = `${path.replace(/\.(\w+)$/, '-$1')}.md`;
  const language = languages[extname(path)] ?? extname(path).slice(1);
  write(shown, `# ${path}\n\n\`\`\`${language}\n${readFileSync(file, 'utf8').trimEnd()}\n\`\`\`\n`);
  return shown;
}

function copied(path: string): string {
  const place = path.replace(/^docs\//, '');
  mkdirSync(dirname(join(pages, place)), { recursive: true });
  copyFileSync(join(root, path), join(pages, place));
  return place;
}

function relativeLink(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

function write(page: string, markdown: string): void {
  const file = join(pages, page);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, markdown);
}
