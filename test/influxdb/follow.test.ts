import type { InfluxMirror, InfluxMirrorEvents, Report } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import type { MetaData } from '../../src/meta/records.js';
import { nextUncaught } from '../support/next-uncaught.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata } from './support/build.js';
import { cuttingProxy } from './support/cutting-proxy.js';
import { directory, mirror, names, server } from './support/lab.js';
import { StubSource } from './support/stub-source.js';

/** The next event of this name that `accepts` takes. */
function next<Name extends keyof InfluxMirrorEvents>(
  of: InfluxMirror,
  name: Name,
  accepts: (payload: InfluxMirrorEvents[Name][0]) => boolean = () => true,
): Promise<InfluxMirrorEvents[Name][0]> {
  return new Promise((resolve) => {
    const listener = (...[payload]: InfluxMirrorEvents[Name]) => {
      if (!accepts(payload)) return;
      of.off(name, listener);
      resolve(payload);
    };
    of.on(name, listener);
  });
}

const clusterOf = (...databases: readonly string[]): MetaData =>
  metadata({ databases: databases.map((name) => database(name)) });

describeWithServer('influxd', 'InfluxMirror.follow', () => {
  it('converges once the client has joined, after each change, and for a burst of changes once', async () => {
    const influxd = await server();
    const its = mirror(influxd, { interval: 60_000 });
    const reports: Report[] = [];
    its.on('report', (report) => reports.push(report));
    const source = new StubSource(clusterOf('not the cluster’s'));
    its.follow(source);
    source.become(clusterOf('a'));
    await next(its, 'report');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a']);

    source.become(clusterOf('a', 'b'), { event: 'pushed' });
    await next(its, 'report');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'b']);

    const many = Array.from({ length: 50 }, (_, at) => `d${at}`);
    const all = next(its, 'report', ({ inSync, done }) => inSync + done.length > 50);
    for (const [at] of many.entries()) source.become(clusterOf('a', 'b', ...many.slice(0, at + 1)));
    await all;
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'b', ...many]);
    expect(reports.length).toBeLessThan(6);
  });

  it('detects external changes of the server at the next interval', async () => {
    const influxd = await server();
    const its = mirror(influxd, { interval: 100 });
    const source = new StubSource(metadata());
    its.follow(source);
    source.become(clusterOf('a'));
    await next(its, 'report', ({ done }) => done.length > 0);
    await influxd.query('DROP DATABASE a');
    await next(its, 'report', ({ done }) => done.length > 0);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a']);
  });

  it('is right within seconds when a server comes back that was down through fifty changes', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE before');
    await influxd.write('before', 'm v=1 1');
    const its = mirror(influxd, { interval: 60_000 });
    const source = new StubSource(metadata());
    its.follow(source);
    source.become(clusterOf('before'));
    await next(its, 'report');

    await influxd.stop('SIGKILL');
    const fifty = Array.from({ length: 50 }, (_, at) => `d${at}`);
    for (const [at] of fifty.entries()) source.become(clusterOf('before', ...fifty.slice(0, at + 1)));
    const failure = await next(its, 'failed');
    expect(failure).toMatchObject({ error: { code: 'UNREACHABLE' } });
    // It backs off, and not for longer than it may then be late.
    const later = await next(its, 'failed', ({ failures }) => failures >= failure.failures + 2);
    expect(later.retryIn).toBeLessThanOrEqual(5_000);

    await influxd.start();
    const report = await next(its, 'report');
    expect(report).toMatchObject({ refused: [], pending: [], unmanaged: [] });
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['before', ...fifty]);
    expect(await names(influxd, 'SELECT v FROM before..m')).toHaveLength(1);
  });

  it('drops nothing when another history takes over, not even after being killed at once', async () => {
    const influxd = await server();
    const dir = await directory();
    const options = { dir, drops: 'apply', maxDrops: 99 } as const;
    const first = mirror(influxd, options);
    const source = new StubSource(metadata());
    first.follow(source);
    source.become(clusterOf('a', 'b'));
    await next(first, 'report');
    // The server is away while the manager loses everything, and the mirror ends before it is back.
    await influxd.stop('SIGKILL');
    const failed = next(first, 'failed');
    source.become(metadata(), { event: 'epochChanged' });
    await failed;
    await first.close();
    await influxd.start();
    const second = mirror(influxd, options);
    second.follow(source);
    const report = await next(second, 'report');
    expect(report.done).toEqual([]);
    expect(report.pending.map(({ item }) => item)).toEqual([
      { kind: 'database', database: 'a' },
      { kind: 'database', database: 'b' },
    ]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'b']);
  });

  it('drops nothing on metadata that is here before the news of its history', async () => {
    const influxd = await server();
    const its = mirror(influxd, { drops: 'apply', maxDrops: 99, interval: 50 });
    const source = new StubSource(metadata());
    its.follow(source);
    source.become(clusterOf('a', 'b'));
    await next(its, 'report');
    source.replaceSilently(metadata());
    // Long enough for several convergences to see the new metadata under the old epoch.
    await new Promise((resolve) => setTimeout(resolve, 300));
    source.become(metadata(), { event: 'epochChanged', epoch: 'two' });
    const report = await next(its, 'report', ({ pending }) =>
      pending.some(({ reason }) => reason.includes('earlier history')),
    );
    expect(report.done).toEqual([]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'b']);
  });

  it('makes no drop of a plan that newer metadata has overtaken', async () => {
    const influxd = await server();
    const its = mirror(influxd, { drops: 'apply', snapshot: false });
    const source = new StubSource(metadata());
    its.follow(source);
    source.become(clusterOf('a', 'b'));
    await next(its, 'report');
    // Something else is to be done first; meanwhile the cluster has the database again.
    its.on('step', ({ step }) => {
      if (step.action.kind === 'createDatabase' && step.action.database === 'c')
        source.become(clusterOf('a', 'b', 'c'));
    });
    const dropped: unknown[] = [];
    its.on('step', ({ step }) => {
      if (step.action.kind === 'dropDatabase') dropped.push(step);
    });
    source.become(clusterOf('a', 'c'));
    await next(its, 'report', ({ inSync }) => inSync === 6);
    expect(dropped).toEqual([]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'b', 'c']);
  });

  it('ends the change under way when it is closed, and leaves no listener and no timer', async () => {
    const influxd = await server();
    const proxy = await cuttingProxy(influxd.url);
    const its = mirror(proxy, { interval: 60_000, statementsPerSecond: 20 });
    const source = new StubSource(metadata());
    its.follow(source);
    expect(() => its.follow(source)).toThrow('this mirror already follows a client');
    source.become(clusterOf(...Array.from({ length: 50 }, (_, at) => `d${at}`)));
    await next(its, 'step');
    await its.close();
    const made = proxy.changes.length;
    expect(made).toBeLessThan(50);
    expect(source.listeners).toBe(0);
    source.become(clusterOf('later'));
    expect(await names(influxd, 'SHOW DATABASES')).toHaveLength(made);
    expect(() => its.follow(source)).toThrow('the mirror was closed');
  });

  it('R14: continues when a listener throws, and calls the other listeners', async () => {
    const influxd = await server();
    const its = mirror(influxd, { interval: 60_000 });
    const thrown = nextUncaught();
    const reports: unknown[] = [];
    its.on('report', () => {
      throw new Error('of a listener');
    });
    its.on('report', (report) => reports.push(report));
    const report = await its.converge(clusterOf('a'));
    expect(report).toMatchObject({ done: [{ item: { database: 'a' } }] });
    expect(reports).toEqual([report]);
    expect(await thrown).toMatchObject({ message: 'of a listener' });
  });
});
