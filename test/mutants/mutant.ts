/** A small change of the code that breaks one rule, and the tests that must fail. */
export interface Mutant {
  /** `R1` … `R36`; the titles of the tests that detect it contain it. */
  readonly rule: string;
  /** Describes the resulting defect. */
  readonly breaks: string;
  /** Below `src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, below `test`. */
  readonly tests: readonly string[];
}

/** Names the mutants as on the command line: `R5.2` is the second of rule R5. */
export function namesOf(mutants: readonly Mutant[]): readonly (readonly [string, Mutant])[] {
  const counts = new Map<string, number>();
  return mutants.map((mutant) => {
    const count = (counts.get(mutant.rule) ?? 0) + 1;
    counts.set(mutant.rule, count);
    return [`${mutant.rule}.${count}`, mutant];
  });
}

/** Returns `source` with the mutant's change. */
export function mutate(source: string, { file, find, replace }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} places for ${JSON.stringify(find)}`);
  return parts.join(replace);
}
