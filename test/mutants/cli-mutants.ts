import type { Mutant } from './mutant.js';

const file = 'cli/cluster-target.ts';

/** R4 and R11, on the command line. */
export const cliMutants: readonly Mutant[] = [
  {
    rule: 'R4',
    breaks: 'the command line checks a change against stale metadata',
    file,
    find: 'isNewest || (await this.#newest(deadline)) === base',
    replace: 'isNewest || base.version >= 0',
    tests: ['cli/cluster-target.test.ts'],
  },
  {
    rule: 'R11',
    breaks: 'the command line creates a cluster that a manager has lost',
    file,
    find: 'if (!createCluster) throw clusterEmpty(cluster);',
    replace: '',
    tests: ['cli/exec.test.ts'],
  },
  {
    rule: 'R11',
    breaks: 'the command line does not wait for the offers of nodes',
    file: 'manager/polls/held-polls.ts',
    find: 'retryAfter: this.#parts.recovery.remaining',
    replace: 'retryAfter: undefined',
    tests: ['cli/exec.test.ts'],
  },
];
