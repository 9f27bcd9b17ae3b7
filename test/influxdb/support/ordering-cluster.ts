import type { DropOrder, DropOrders, MetaData, OrderedItem } from 'clusterflux';
import type { InfluxMirror, InfluxMirrorOptions, Report } from 'clusterflux/influxdb';
import { mirror } from './lab.js';
import { StubSource } from './stub-source.js';

/** A cluster whose versions and drop orders a test writes itself, and which several mirrors may follow one after the other. */
export class OrderingCluster {
  epoch = 'one';
  version = 0;
  data: MetaData;
  orders: DropOrder[] = [];
  completeFrom = 0;
  /** How often orders were read. */
  reads = 0;
  /** Replaces the response to a request for orders; may throw. */
  rewrite: (answer: DropOrders) => DropOrders | undefined = (answer) => answer;

  constructor(data: MetaData) {
    this.data = data;
  }

  /** The next version, with orders to drop. */
  become(data: MetaData, ...items: readonly OrderedItem[]): number {
    this.data = data;
    this.version += 1;
    const { version } = this;
    const made = items.map((item) => ({ ...item, version, mutation: `m${version}`, at: 0 }));
    this.orders.push(...made);
    return version;
  }

  source(): StubSource & { dropOrders(since: number): Promise<DropOrders | undefined> } {
    const dropOrders = async (since: number) => {
      this.reads += 1;
      const { version, completeFrom } = this;
      const orders = this.orders.filter((order) => order.version > since);
      return this.rewrite({ version, completeFrom, orders });
    };
    const source = new StubSource(this.data);
    source.status = { version: this.version, epoch: this.epoch };
    return Object.assign(source, { dropOrders });
  }

  /** Makes a server follow the newest version by an agent that starts, and stops once it is in sync. */
  async applyTo(
    server: { readonly url: string },
    options: Partial<InfluxMirrorOptions>,
    use: (following: InfluxMirror) => Promise<void> = async () => {},
  ): Promise<Report> {
    const following = mirror(server, { drops: 'apply', ...options });
    try {
      const done = new Promise<Report>((resolve, reject) => {
        following.on('report', (report) => {
          if (report.unfinished !== true && report.version === this.version) resolve(report);
        });
        following.on('failed', ({ error }) => reject(error));
      });
      following.follow(this.source());
      const report = await done;
      await use(following);
      return report;
    } finally {
      await following.close();
    }
  }
}
