import type { Reporter, TestModule } from 'vitest/node';
import { missingMark } from './servers.js';

/** Ends the run with its totals in one plain line, and with what was not tested for want of a server or of root's rights. */
export default class MissingServersReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const missing: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      for (const suite of module.children.allSuites()) {
        if (suite.name.startsWith(missingMark)) missing.push(suite.name);
      }
    }
    if (missing.length > 0) {
      console.log(
        `\n!!! ${missing.length} suites were NOT RUN: \`npm run servers\` installs servers, and root may mount and make namespaces`,
      );
      for (const name of missing) console.log(`!!!   ${name}`);
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
