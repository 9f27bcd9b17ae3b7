import type { Mutant } from './mutant.js';

const lost = ['influxdb/lost-metadata.test.ts'];
const troubled = ['influxdb/troubled-server.test.ts'];
const contested = ['influxdb/contested.test.ts'];
const local = ['influxdb/local-subscriptions.test.ts'];

/** R34. */
export const influxdbMutants: readonly Mutant[] = [
  {
    rule: 'R34',
    breaks: 'shards on disk that are not in the metadata are ignored',
    file: 'influxdb/loss-guard.ts',
    find: 'if (isOlder || fresh.length > 0) {',
    replace: 'if (isOlder) {',
    tests: lost,
  },
  {
    rule: 'R34',
    breaks: 'an older index of the same metadata is ignored',
    file: 'influxdb/loss-guard.ts',
    find: 'if (isOlder || fresh.length > 0) {',
    replace: 'if (fresh.length > 0) {',
    tests: lost,
  },
  {
    rule: 'R34',
    breaks: 'one permission to rebuild is valid for every loss',
    file: 'influxdb/ledger.ts',
    find: 'rebuilds: ledger.rebuilds + 1',
    replace: 'rebuilds: ledger.rebuilds',
    tests: lost,
  },
  {
    rule: 'R34',
    breaks: 'the first administrator is created on a server that lost its users',
    file: 'influxdb/influx-mirror.ts',
    find: 'await this.#converger.expectNoLoss(origin);',
    replace: '',
    tests: lost,
  },
  {
    rule: 'R34',
    breaks: 'missing results are results without rows',
    file: 'influxdb/influx-results.ts',
    find: 'const draft = drafts.get(id);\n',
    replace: 'const draft = drafts.get(id) ?? { series: [], partial: false };\n',
    tests: ['influxdb/results.test.ts'],
  },
  {
    rule: 'R34',
    breaks: 'an unknown text in a result is a refusal',
    file: 'influxdb/statement-error.ts',
    find: 'return codeOf(text) === undefined ? trouble(text) : refusal(text);',
    replace: 'return refusal(text);',
    tests: troubled,
  },
  {
    rule: 'R34',
    breaks: 'an invalid response to one statement ends the round',
    file: 'influxdb/statement-error.ts',
    find: "return isResponse ? 'none' : 'all';",
    replace: "return isResponse && error.status === executed ? 'none' : 'all';",
    tests: troubled,
  },
  {
    rule: 'R34',
    breaks: 'an error status of a failing server counts as a refusal after three attempts',
    file: 'influxdb/statement-error.ts',
    find: 'return status < 400 || status >= 500 || passing.has(status);',
    replace: 'return false;',
    tests: troubled,
  },
  {
    rule: 'R34',
    breaks: 'a repeated failure of a statement never counts as a refusal',
    file: 'influxdb/troubles.ts',
    find: 'return tries < maxTries ? error : error.message;',
    replace: 'return error;',
    tests: troubled,
  },
  {
    rule: 'R34',
    breaks: 'a contested item is corrected without limit',
    file: 'influxdb/contests.ts',
    find: 'if (held.size === 0) return plan;',
    replace: 'return plan;',
    tests: contested,
  },
  {
    rule: 'R34',
    breaks: 'a contested item is ignored although the cluster changed it',
    file: 'influxdb/contests.ts',
    find: 'return isWithinWindow && contest.form === itemForm(wanted, item);',
    replace: 'return isWithinWindow;',
    tests: contested,
  },
  {
    rule: 'R34',
    breaks: 'local subscriptions of a server are imported',
    file: 'influxdb/converger.ts',
    find: 'present: this.#local.strip(reading.metadata),',
    replace: 'present: reading.metadata,',
    tests: local,
  },
  {
    rule: 'R28',
    breaks: 'an outage of the server is reported at each probe',
    file: 'influxdb/server-watch.ts',
    find: 'if (!wasDown) onDown(CfluxError.from(error));',
    replace: 'onDown(CfluxError.from(error));',
    tests: ['influxdb/server-watch.test.ts'],
  },
  {
    rule: 'R28',
    breaks: 'a silent server is not probed',
    file: 'influxdb/server-watch.ts',
    find: 'isDue = early.aborted || this.isDown || this.#quietFor() >= probeInterval;',
    replace: 'isDue = early.aborted || this.isDown;',
    tests: ['influxdb/server-watch.test.ts'],
  },
];
