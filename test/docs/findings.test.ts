import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { namesIn, root, rowsOf, textOf } from './markdown.js';
import { parseSource } from './public-names.js';

/** Where the reasons of findings are written. */
const sources = [
  'converge/contests',
  'plan/continuous-query-text',
  'plan/drops',
  'converge/first-admin',
  'statements/influxql',
  'ledger/ledger',
  'plan/local-subscriptions',
  'plan/make-plan',
  'loss/metadata-loss',
  'read/metadata-reader',
  'plan/password-comparer',
  'plan/plan-databases',
  'plan/plan-queries',
  'plan/plan-users',
  'plan/plan-write-limits',
  'plan/policy-rules',
  'converge/run-step',
  'connect/server-version',
  'read/snapshot-port',
  'converge/tally',
  'orders/order-findings',
  'orders/order-keeper',
].map((name) => `src/influxdb/${name}.ts`);

/** Texts of these files that are no findings: reasons of changes that are made, statements, parts of other texts, errors of options. */
const others: readonly RegExp[] = [
  /^(?:SHOW|ALTER) /,
  /^is (?:not )?(?:an administrator|the default; … is)$/,
  /^differs/,
  /^the cluster has NO PRIVILEGES$/,
  /^made by the mirror/,
  /^its password is not the cluster's$/,
  /^create admin user first$/,
  /^its metadata (?:is at index|does not have)|^the users that it had|^… and … more$/,
  /^reading by SHOW|^snapshot: … is not host:port/,
  /^(?: by …|ordered with version)|^the manager listed drop orders|retried in the next convergence$/,
  /: … … LIMIT …ns, or … LIMIT 0s for no limit$/,
  /^is not the default; … is$/,
];

/** String literals and templates of at least three words; `…` stands for the values of a template. */
function textsIn(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    else if (ts.isTemplateExpression(node))
      texts.push(node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join(''));
    node.forEachChild(visit);
  };
  visit(parseSource(file));
  return texts.filter((text) => / \S+ /.test(text) && !others.some((other) => other.test(text)));
}

/** What a text consists of besides its values. */
const partsOf = (text: string) => text.split('…').map((part) => part.trim().replace(/^[:;] ?|[:;]$/g, ''));

describe('docs/how-to/troubleshoot.md', () => {
  const page = textOf('docs/how-to/troubleshoot.md');

  it.each(sources)('has every finding of %s', (file) => {
    const missing = textsIn(file).filter((text) => !partsOf(text).every((part) => page.includes(part)));
    expect(missing).toEqual([]);
  });

  it('has no message that the code does not have', () => {
    const code = ['influxdb', 'cli', 'client/observe', 'transport']
      .map((layer) => join(root, 'src', layer))
      .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name))))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFileSync(path, 'utf8').replaceAll("\\'", "'"))
      .join('\n');
    const messages = rowsOf(page).flatMap(([cell]) => namesIn(cell));
    expect(messages.length).toBeGreaterThan(50);
    const parts = messages.flatMap((message) => message.split(/…|: |; |, and /)).map((part) => part.trim());
    const missing = parts.filter((part) => /\S \S/.test(part) && !code.includes(part));
    expect(missing).toEqual([]);
  });
});
