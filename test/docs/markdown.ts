import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The documents that users read, as paths below the root. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`)
    .sort(),
];

export const textOf = (document: string): string => readFileSync(join(root, document), 'utf8');

/** A fenced block, and the line on which its code begins. */
export interface Block {
  readonly language: string;
  /** In a tutorial: the file that it is, or the terminal that it belongs to; otherwise empty. */
  readonly label: string;
  readonly code: string;
  readonly line: number;
}

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)(?: \[([^\]]*)\])?\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? '',
    label: match[2] ?? '',
    code: match[3] ?? '',
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }));
}

/** The text below a heading, up to the next one of its level or above. */
export function section(markdown: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const begin = `\n${markdown}`.indexOf(`\n${heading}\n`);
  if (begin < 0) throw new Error(`no heading ${heading}`);
  const rest = markdown.slice(begin + heading.length);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of the tables in a text, without their headings; each a list of cells. */
export function rowsOf(markdown: string): string[][] {
  const lines = markdown.split('\n');
  return lines
    .filter(
      (line, at) => line.startsWith('|') && !line.startsWith('|--') && !lines[at + 1]?.startsWith('|--'),
    )
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** What stands between backticks in a cell. */
export const namesIn = (cell = ''): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
