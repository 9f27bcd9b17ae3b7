import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { check } from 'recheck';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { root } from '../docs/markdown.js';
import { sourceWithMutant } from '../mutants/mutant-plugin.js';

// Its JavaScript: the other backends are programs for some systems only.
process.env['RECHECK_BACKEND'] = 'pure';

interface Expressions {
  readonly literals: readonly string[];
  /** Where `RegExp` is used as a value: what an expression made from a text is cannot be checked. */
  readonly constructors: readonly string[];
}

function expressionsOf(file: string, text: string): Expressions {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const literals: string[] = [];
  const constructors: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) literals.push(node.text);
    if (ts.isIdentifier(node) && node.text === 'RegExp' && !ts.isTypeReferenceNode(node.parent)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      constructors.push(`${file}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { literals, constructors };
}

/** Whether the time that an expression takes is proven to grow with the length of the text, and no faster; or why not. */
async function verdictOn(literal: string): Promise<string> {
  const end = literal.lastIndexOf('/');
  // The automaton proves; the other checker only searches for a text that takes long.
  const options = { checker: 'automaton', timeout: 60_000 } as const;
  const result = await check(literal.slice(1, end), literal.slice(end + 1), options);
  if (result.status === 'safe') return 'linear';
  return result.status === 'vulnerable'
    ? result.complexity.type
    : `not proven: ${JSON.stringify(result.error)}`;
}

it('R24: no regular expression of the code takes more than linear time', async () => {
  const files = ts.sys.readDirectory(join(root, 'src'), ['.ts']);
  const found = files.map((file) =>
    expressionsOf(relative(root, file), sourceWithMutant(file, readFileSync(file, 'utf8'))),
  );
  const literals = [...new Set(found.flatMap((each) => each.literals))];
  expect(literals.length).toBeGreaterThan(50);
  expect(found.flatMap((each) => each.constructors)).toEqual([]);
  const verdicts: [string, string][] = [];
  for (const literal of literals) verdicts.push([literal, await verdictOn(literal)]);
  expect(verdicts.filter(([, verdict]) => verdict !== 'linear')).toEqual([]);
});

it.each([
  ['/^(a+)+$/', 'exponential'],
  ['/ +$/', 'polynomial'],
  ['/(?<! ) +$/', 'not proven'],
])('finds that %s may take long', async (literal, verdict) => {
  expect(await verdictOn(literal)).toContain(verdict);
});

it('finds every expression, also those that are made of a text', () => {
  const text = `
    const one = /a/g; const two = "x".split(/b/); type T = RegExp;
    const three = new RegExp(name); const four = RegExp(name);
    const Alias = globalThis.RegExp;`;
  expect(expressionsOf('x.ts', text)).toEqual({
    literals: ['/a/g', '/b/'],
    constructors: ['x.ts:3', 'x.ts:3', 'x.ts:4'],
  });
});
