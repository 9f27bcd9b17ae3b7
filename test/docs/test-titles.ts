import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './markdown.js';

const titled = new Set(['describe', 'it', 'test', 'describeWithServer', 'describeWithFacility']);

/** Every test file, as a path below the root. */
export const testFiles: readonly string[] = readdirSync(join(root, 'test'), { recursive: true })
  .map((path) => `test/${String(path)}`)
  .filter((path) => path.endsWith('.test.ts'))
  .sort();

/** The rules that the titles of the tests in `file` name, from `R1` and from ranges such as `R1–R14`. */
export function rulesNamedIn(file: string): ReadonlySet<string> {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  return new Set(titlesIn(source).flatMap(rulesIn));
}

function titlesIn(node: ts.Node): string[] {
  const own =
    ts.isCallExpression(node) && titled.has(calledName(node.expression))
      ? node.arguments.flatMap((argument) => textOf(argument))
      : [];
  const below: string[] = [];
  node.forEachChild((child) => void below.push(...titlesIn(child)));
  return [...own, ...below];
}

/** `it` of `it`, `it.skip` and `it.each([…])`. */
function calledName(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return expression.text;
  if (ts.isPropertyAccessExpression(expression) || ts.isCallExpression(expression)) {
    return calledName(expression.expression);
  }
  return '';
}

function textOf(argument: ts.Expression): string[] {
  if (ts.isStringLiteralLike(argument)) return [argument.text];
  return ts.isTemplateExpression(argument) ? [argument.getText()] : [];
}

function rulesIn(title: string): string[] {
  return [...title.matchAll(/\bR(\d+)(?:[–-]R(\d+))?\b/g)].flatMap(([, first, last = first]) => {
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => `R${Number(first) + i}`);
  });
}
