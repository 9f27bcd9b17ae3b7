/** What is too slow for each change, one command after the other. */
export interface NightlyStep {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const chaos = (...args: string[]) => ['npm', 'run', 'chaos', '--', '--seconds', '180', ...args];
const tests = (...files: string[]) => ['npx', 'vitest', 'run', '--typecheck.enabled=false', ...files];

export const nightlySteps: readonly NightlyStep[] = [
  { name: 'chaos-lmdb', what: 'faults beside one manager on lmdb, from a new seed', command: chaos() },
  {
    name: 'chaos-etcd',
    what: 'faults beside three managers on three etcd members, from a new seed',
    command: chaos('--store', 'etcd'),
  },
  {
    name: 'chaos-influxd',
    what: 'the same with a live InfluxDB behind each node',
    command: chaos('--influxd'),
  },
  {
    name: 'mutants',
    what: 'whether a test fails for each rule that is broken',
    command: ['npm', 'run', 'mutants'],
  },
  {
    name: 'soak',
    what: 'whether a fleet that comes and goes for half an hour makes anything grow',
    command: ['npm', 'run', 'soak', '--', '--minutes', '30'],
  },
  {
    name: 'fuzz',
    what: 'a million inputs for each property of deltas, and for the requests of strangers',
    command: tests('test/delta', 'test/hostile'),
    env: { FUZZ_RUNS: '1000000' },
  },
  {
    name: 'simulation',
    what: 'twenty thousand simulated worlds',
    command: tests('test/client/simulation.test.ts'),
    env: { SIMULATIONS: '20000' },
  },
  {
    name: 'kills',
    what: 'a manager on lmdb, killed a thousand times while it writes',
    command: tests('test/manager/lmdb-kill.test.ts'),
    env: { CFLUX_KILLS: '1000', CFLUX_COPIES: '1000' },
  },
  {
    name: 'real-time',
    what: 'the faults whose waiting is shortened in `npm test`, at the pace of real clocks',
    command: tests('test/faults'),
    env: { REAL_TIME: '1' },
  },
];
