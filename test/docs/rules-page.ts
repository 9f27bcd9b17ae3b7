import { allMutants } from '../mutants/all-mutants.js';
import { rulesNamedIn, testFiles } from './test-titles.js';

/** One rule as `docs/rules.md` has it. */
export interface Rule {
  /** `R1`. */
  readonly number: string;
  /** The section, without its heading and without the generated lines. */
  readonly text: string;
  /** Below `src`. */
  readonly enforcedIn: readonly string[];
}

const heading = /^### (R\d+) .*$/m;
const generated = /\n\n(?:Tests|Mutants): [^\n]*/g;

/** The rules of the page, in its order. */
export function rulesOf(page: string): Rule[] {
  return sectionsOf(page).flatMap((section) => {
    const number = heading.exec(section)?.[1];
    if (number === undefined) return [];
    const text = section.replace(heading, '').replace(generated, '').trim();
    const files = /^Enforced in: (.*)$/m.exec(text)?.[1] ?? '';
    return [{ number, text, enforcedIn: [...files.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '') }];
  });
}

/** The page with the lists of tests and of mutants that the code has now. */
export function withLists(page: string): string {
  const filesOf = testFilesByRule();
  const sections = sectionsOf(page).map((section) => {
    const number = heading.exec(section)?.[1];
    if (number === undefined) return section;
    const tests = filesOf.get(number) ?? [];
    const mutants = [...allMutants].filter(([, { rule }]) => rule === number);
    const lists = [
      `Tests: ${tests.map((file) => `\`${file.replace(/^test\//, '')}\``).join(', ')}`,
      `Mutants: ${mutants.map(([name, { breaks }]) => `${name} ${breaks}`).join('; ')}`,
    ];
    const end = section.endsWith('\n\n') ? '\n\n' : '\n';
    return `${section.replace(generated, '').trimEnd()}\n\n${lists.join('\n\n')}${end}`;
  });
  return sections.join('');
}

/** Test files by the rules that their titles name. */
export function testFilesByRule(): ReadonlyMap<string, readonly string[]> {
  const byRule = new Map<string, string[]>();
  for (const file of testFiles) {
    for (const rule of rulesNamedIn(file)) byRule.set(rule, [...(byRule.get(rule) ?? []), file]);
  }
  return byRule;
}

/** Parted before each heading: of a rule, or of a group of rules. */
const sectionsOf = (page: string) => page.split(/^(?=##+ )/m);
