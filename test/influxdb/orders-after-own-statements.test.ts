import type { OrderedItem } from 'clusterflux';
import { expect, it } from 'vitest';
import { acceptedChange } from '../../src/gateway/statements/accepted-change.js';
import { HastenedClock } from '../faults/support/hastened-clock.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata } from './support/build.js';
import { directory, mirror, names, server } from './support/lab.js';
import { OrderingCluster } from './support/ordering-cluster.js';

const x: OrderedItem = { kind: 'database', database: 'x' };

for (const snapshot of [true, false])
  describeWithServer(
    'influxd',
    `R36: what a gateway created on its server, read by ${snapshot ? 'snapshots' : 'SHOW'}`,
    () => {
      /** A server without `x`, in sync; then `create` makes it, a point is written, and it is dropped by order. */
      async function dropAfter(create: 'through the gateway' | 'by hand') {
        const influxd = await server();
        const cluster = new OrderingCluster(metadata());
        const kept = database('kept');
        const empty = metadata({ databases: [kept] });
        const withX = { ...empty, databases: [kept, database('x')] };
        cluster.become(create === 'by hand' ? withX : empty);
        // The convergence that follows the last change by itself does not come within the test.
        const clock = new HastenedClock(0.01);
        const options = { dir: await directory(), clock, statementsPerSecond: 1_000_000 };
        const its = mirror(influxd, {
          ...options,
          snapshot: snapshot && influxd.snapshot,
          drops: 'apply',
        });
        const source = cluster.source();
        const first = new Promise<void>((resolve) => its.once('report', () => resolve()));
        its.follow(source);
        await first;
        if (create === 'by hand') {
          await influxd.query('DROP DATABASE x');
          await influxd.query('CREATE DATABASE x');
        } else {
          const version = cluster.become(withX);
          source.push(withX, { version, epoch: cluster.epoch });
          await its.carryOut(acceptedChange({ kind: 'createDatabase', name: 'x' }, version, undefined));
        }
        await influxd.write('x', 'm v=1 1');
        const ordered = cluster.become(empty, x);
        source.replaceSilently(empty);
        source.status = { version: ordered, epoch: cluster.epoch };
        await its.catchUp();
        return { databases: await names(influxd, 'SHOW DATABASES'), report: its.lastReport };
      }

      it('R36: is dropped by a later order, although its only shard is newer than the last convergence', async () => {
        const { databases, report } = await dropAfter('through the gateway');
        expect(databases).toEqual(['kept']);
        expect(report?.pending).toEqual([]);
      });

      it('R36: for comparison, what was created again by hand is not', async () => {
        const { databases } = await dropAfter('by hand');
        expect(databases).toEqual(['kept', 'x']);
      });
    },
  );
