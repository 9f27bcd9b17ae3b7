import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { slugOf } from '../../scripts/site/slug-of.js';
import { commands } from '../../src/cli/commands.js';
import type { Terminal } from '../../src/cli/terminal.js';
import { blocksOf, documents, root, textOf } from './markdown.js';

const terminal = {} as Terminal;
const known = new Map(
  commands.map((make) => {
    const command = make(terminal);
    const options = [command, ...command.commands].flatMap((each) => each.options);
    return [command.name(), new Set(['--help', ...options.map(({ long }) => long)])] as const;
  }),
);
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The commands of the documents: lines of shell and unit files, and short commands in the text. */
const typed = documents.flatMap((document) => {
  const markdown = textOf(document);
  const blocks = blocksOf(markdown).filter(({ language }) => language === 'sh' || language === 'ini');
  const lines = blocks.flatMap(({ code }) => code.replace(/\\\n\s*/g, ' ').split('\n'));
  const inText = [...markdown.matchAll(/`((?:cflux|npx|npm) [^`\n]+)`/g)].map((match) => match[1] ?? '');
  return [...lines, ...inText].map((line) => ({ document, line }));
});

describe('commands in the documents', () => {
  it.each(typed.filter(({ line }) => /\bnpm (run|test)\b/.test(line)))('$document: $line', ({ line }) => {
    const named = [...line.matchAll(/npm (?:run )?([\w:]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => name !== 'ci' && name !== 'install' && !(name in scripts))).toEqual([]);
  });

  it.each(typed.filter(({ line }) => /(?:^|env |sudo )(?:cflux|npx clusterflux) [a-z]/.test(line)))(
    '$document: $line',
    ({ line }) => {
      const [, name = '', rest = ''] = /(?:cflux|npx clusterflux) (?:help )?([a-z-]+)(.*)/.exec(line) ?? [];
      expect(['help', ...known.keys()]).toContain(name);
      for (const [option] of rest.matchAll(/(?<=\s)--[a-z-]+/g)) {
        expect([...(known.get(name) ?? [])], `${name} ${option}`).toContain(option);
      }
    },
  );

  it('CONTRIBUTING has every script of package.json', () => {
    const typedThere = typed.filter(({ document }) => document === 'CONTRIBUTING.md').map(({ line }) => line);
    const named = typedThere.flatMap((line) =>
      [...line.matchAll(/npm (?:run )?([\w:]+)/g)].map((match) => match[1]),
    );
    expect(Object.keys(scripts).filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe('links', () => {
  it.each(documents)('%s leads to files and headings that are there', (document) => {
    const markdown = textOf(document);
    const links = [...markdown.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    for (const [, path = '', heading] of links) {
      const target = path === '' ? document : join(dirname(document), path);
      expect(existsSync(join(root, target)), target).toBe(true);
      if (heading === undefined) continue;
      const slugs = [...textOf(target).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => slugOf(title));
      expect(slugs, `${target}#${heading}`).toContain(heading);
    }
  });
});
