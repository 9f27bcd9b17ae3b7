import type { Mutant } from './mutant.js';

const file = 'cli/cluster-target.ts';

/** R4 and R11, on the command line. */
export const cliMutants: readonly Mutant[] = [
  {
    rule: 'R4',
    breaks: 'the command line judges a change by the metadata that it read before',
    file,
    find: 'isNewest || (await this.#newest(deadline)) === base',
    replace: 'isNewest || base.version >= 0',
    tests: ['cli/cluster-target.test.ts'],
  },
  {
    rule: 'R11',
    breaks: 'the command line founds a cluster where a manager lost its data',
    file,
    find: 'if (!createCluster) throw clusterEmpty(cluster);',
    replace: '',
    tests: ['cli/exec.test.ts'],
  },
  {
    rule: 'R11',
    breaks: 'the command line does not wait for what nodes bring back',
    file: 'manager/polls/held-polls.ts',
    find: 'retryAfter: this.#parts.recovery.remaining',
    replace: 'retryAfter: undefined',
    tests: ['cli/exec.test.ts'],
  },
];
