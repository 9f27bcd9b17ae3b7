import type { QueryTarget } from '../../../src/influxql/execute/run-statements.js';
import { LocalMetaClient } from '../../../src/meta/local-meta-client.js';
import type { MetaData } from '../../../src/meta/records.js';

/** A cluster of one, which counts its versions; `beforePush` runs once, before the first push, and makes that round a conflict. */
export class LocalTarget implements QueryTarget {
  meta: LocalMetaClient;
  versions = 0;
  beforePush: ((meta: LocalMetaClient) => Promise<unknown>) | undefined;

  constructor(data?: MetaData) {
    this.meta = new LocalMetaClient({ bcryptCost: 4, ...(data === undefined ? {} : { data }) });
  }

  data(): MetaData {
    return this.meta.data();
  }

  async mutate<T>(operation: (meta: LocalMetaClient) => T | Promise<T>): Promise<T> {
    for (;;) {
      const fork = this.meta.fork();
      const result = await operation(fork);
      const intruder = this.beforePush;
      this.beforePush = undefined;
      if (intruder === undefined) {
        this.meta = fork;
        this.versions += 1;
        return result;
      }
      await intruder(this.meta);
    }
  }
}
