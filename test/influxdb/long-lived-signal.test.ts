import { getEventListeners } from 'node:events';
import { LocalMetaClient } from 'clusterflux';
import { InfluxMirror } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';

it('R14: a caller’s signal that lives as long as a mirror collects no listeners of its convergences', async () => {
  // Nothing listens on port 1: each convergence fails at once.
  const mirror = new InfluxMirror({ url: 'http://127.0.0.1:1' });
  const { signal } = new AbortController();
  const data = await new LocalMetaClient().data();
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on('warning', warn);
  const converging = Array.from({ length: 50 }, () => mirror.converge(data, { signal }));
  const outcomes = await Promise.allSettled(converging);
  expect(outcomes.map(({ status }) => status)).toEqual(converging.map(() => 'rejected'));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  await mirror.close();
  process.off('warning', warn);
  expect(warnings).toEqual([]);
});

it('ends a convergence with the reason of the caller’s signal, also while it waits for another one', async () => {
  const mirror = new InfluxMirror({ url: 'http://127.0.0.1:1' });
  const data = await new LocalMetaClient().data();
  const first = mirror.converge(data).catch(() => {});
  const controller = new AbortController();
  const second = mirror.converge(data, { signal: controller.signal });
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  await first;
  await mirror.close();
});
