import type { Mutant } from './mutant.js';

const tests = ['influxql/execute-query.test.ts'];
const file = 'influxql/execute/run-statements.ts';

/** R32. */
export const influxqlMutants: readonly Mutant[] = [
  {
    rule: 'R32',
    breaks: 'privileges are checked before a change only',
    file,
    find: 'this.#actingUser(await meta.data(), [prepared])',
    replace: 'undefined',
    tests,
  },
  {
    rule: 'R32',
    breaks: 'privileges are checked before an atomic change only',
    file,
    find: 'const user = this.#actingUser(await meta.data(), statements);',
    replace: 'const user = undefined;',
    tests,
  },
  {
    rule: 'R32',
    breaks: 'a user whose password was changed stays authenticated',
    file,
    find: 'user.hash !== acting.hash',
    replace: 'false',
    tests,
  },
];
