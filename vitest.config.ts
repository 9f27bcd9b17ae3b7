import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

/** What starts no server or process and is quick; suites of these files that need a server run with `npm test` alone. */
export const unitTests = {
  include: [
    'test/*.test.ts',
    'test/{async,client,delta,influxql,meta,protocol,testing,transport}/**/*.test.ts',
    'test/influxdb/{answers,ledger,make-plan}.test.ts',
    'test/manager/{deadlines,history-check,other-history,manager,memory-store,offer-room,recovery,publication,poll-notifier,poll-slots,push-admission,turns,reservations}.test.ts',
  ],
  exclude: [
    // Processes of its own, or a real server to compare with.
    'test/client/rules/r13-exit.test.ts',
    'test/meta/{directory,directory-lock,killed-writer}.test.ts',
    'test/testing/meta-client-contract.test.ts',
    'test/transport/{http-connections,http-renewal,http-tls,transport-contract}.test.ts',
    // Long by their nature.
    'test/client/simulation.test.ts',
    'test/meta/{codec-fuzz,record-limit}.test.ts',
  ],
};

/**
 * What needs a process of its own: it measures memory, handles or the course of its process, or changes what its process has only once. All
 * other files leave nothing behind and share processes, so that the code is loaded once.
 */
const ownProcess = [
  'test/{chaos,soak}/**/*.test.ts',
  'test/cases/{08-sick-nodes,11-small-pushes-large-memory,12-one-connection-holds-all-polls}.test.ts',
  'test/cli/config-file.test.ts',
  'test/client/{simulation,warnings}.test.ts',
  'test/client/rules/{r13-exit,r14-nothing-unhandled}.test.ts',
  'test/faults/{08-blocked-loop,14-hot-loop,17-leaks}.test.ts',
  'test/hostile/{regular-expressions,requests}.test.ts',
  'test/influxdb/{follow,long-lived-signal}.test.ts',
  'test/manager/{body-bytes,fan-out}.test.ts',
  'test/meta/{codec-fuzz,killed-writer,record-limit}.test.ts',
  'test/transport/http-{connections,renewal}.test.ts',
];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^clusterflux$/, replacement: source('index.ts') },
      {
        find: /^clusterflux\/(manager|influxql|influxdb|gateway|testing)$/,
        replacement: source('$1/index.ts'),
      },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { include: ownProcess, name: 'own process' } },
      {
        extends: true,
        test: { include: ['test/**/*.test.ts'], exclude: ownProcess, name: 'shared', isolate: false },
      },
    ],
    reporters: ['default', './test/support/missing-servers-reporter.ts'],
    // Most tests wait for processes: on two cores four files at a time, where the default is one.
    maxWorkers: availableParallelism() + 2,
    // Against a hang only: no test is a race with a clock.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
