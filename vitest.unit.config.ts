import { defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.js';

/** `npm run test:unit`: what starts no server and is quick. Suites of these files that need a server are left to `npm test`. */
export default mergeConfig(
  { ...all, test: { ...all.test, include: [] } },
  defineConfig({
    test: {
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
      env: { CFLUX_TESTS: 'unit' },
    },
  }),
);
