import type { Reporter, TestModule } from 'vitest/node';
import { missingServerMark } from './servers.js';

/** Ends the run with its totals in one plain line, and with what was not tested for want of a server. */
export default class MissingServersReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const missing: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      for (const suite of module.children.allSuites()) {
        if (suite.name.startsWith(missingServerMark)) missing.push(suite.name);
      }
    }
    if (missing.length > 0) {
      console.log(
        `\n!!! ${missing.length} suites were NOT RUN: run \`npm run servers\` to install what they need`,
      );
      for (const name of missing) console.log(`!!!   ${name}`);
    }
    console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
