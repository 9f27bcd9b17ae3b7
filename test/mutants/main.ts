import { checkNames, readArguments } from '../../scripts/program-arguments.js';
import { allMutants } from './all-mutants.js';
import type { Mutant } from './mutant.js';
import { runTests } from './run-tests.js';

const help = `npm run mutants               all of them
npm run mutants -- R5 R11.2   those of a rule, or a single one
Breaks a rule in a copy of the code, and expects a test to fail. Ends with 1 if none does.`;

const atOnce = 2;
const { positionals: wanted } = readArguments(help, { allowPositionals: true });
const selects = (wish: string, name: string, rule: string) => wish === name || wish === rule;
const all = [...allMutants];
checkNames(wanted, (wish) => all.some(([name, { rule }]) => selects(wish, name, rule)), {
  what: 'rule or mutant',
  help,
});
const chosen = all.filter(
  ([name, { rule }]) => wanted.length === 0 || wanted.some((wish) => selects(wish, name, rule)),
);

const say = (text: string) => process.stdout.write(`${text}\n`);

const survivors: string[] = [];
/** Mutants that could not be examined, for example because a test failed without them. */
const undecided: string[] = [];
/** By rule and files: their tests pass while nothing is changed. */
const baselines = new Map<string, Promise<number>>();

/** How many tests hold the rule; throws unless all of them pass. */
function baseline({ rule, tests }: Mutant): Promise<number> {
  const key = [rule, ...tests].join(' ');
  const running =
    baselines.get(key) ??
    runTests(rule, tests).then(({ passed, failed, hung, output }) => {
      if (passed > 0 && failed.length === 0 && !hung) return passed;
      throw new Error(`the tests of ${key} do not pass as they are:\n${[...failed, output].join('\n')}`);
    });
  baselines.set(key, running);
  return running;
}

async function examine(name: string, mutant: Mutant): Promise<void> {
  const tests = await baseline(mutant);
  const { passed, failed, hung, output } = await runTests(mutant.rule, mutant.tests, name);
  const [first] = failed;
  if (first !== undefined) say(`${name} caught: ${mutant.breaks}\n    by: ${first}`);
  else if (hung) say(`${name} caught: ${mutant.breaks}\n    one of ${tests} tests never ends`);
  // A hook that fails, for example by its timeout on a busy machine, skips its tests without failing them.
  else if (passed < tests) throw new Error(`only ${passed} of ${tests} tests ran:\n${output}`);
  else {
    survivors.push(name);
    say(`${name} SURVIVES: ${mutant.breaks}\n    ${tests} tests pass\n${output}`);
  }
}

const waiting = [...chosen];
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await examine(...next).catch((error: unknown) => {
        undecided.push(next[0]);
        say(`${next[0]} UNDECIDED: ${error instanceof Error ? error.message : error}`);
      });
    }
  }),
);
const rules = new Set(chosen.map(([, { rule }]) => rule));
say(
  `\n${chosen.length} mutants of ${rules.size} rules: ${survivors.length} survive ${survivors.join(' ')}, ` +
    `${undecided.length} undecided ${undecided.join(' ')}`,
);
process.exitCode = survivors.length + undecided.length > 0 ? 1 : 0;
