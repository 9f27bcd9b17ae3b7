import { formatDuration, isValidName, LocalMetaClient, parseDuration } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import {
  automaticShardGroupDuration,
  day,
  hour,
  normalizeShardGroupDuration,
  week,
} from '../../src/meta/durations.js';

describe('durations', () => {
  it.each<[string, bigint]>([
    ['1h', hour],
    ['7d', week],
    ['1w', week],
    ['1h30m', hour + hour / 2n],
    ['1d2h3m4s', day + 2n * hour + 184_000_000_000n],
    ['5ms', 5_000_000n],
    ['5u', 5_000n],
    ['5µ', 5_000n],
    ['7ns', 7n],
    ['0s', 0n],
    ['INF', 0n],
    ['inf', 0n],
    ['9223372036854775807ns', 2n ** 63n - 1n],
  ])('%s', (text, duration) => {
    expect(parseDuration(text)).toBe(duration);
  });

  it.each(['', '0', '1', 'h', '-1h', '1h ', '1.5h', '1us', '1y', 'INFINITE', '1h-30m'])(
    '%o is no duration',
    (text) => {
      expect(() => parseDuration(text)).toThrowError(`invalid duration: ${text}`);
    },
  );

  it('one that is too long is refused', () => {
    expect(() => parseDuration('15251w')).toThrowError(
      'overflowed duration 15251w: choose a smaller duration or INF',
    );
  });

  it.each<[bigint, string]>([
    [0n, '0s'],
    [1n, '1ns'],
    [1_500n, '1.5µs'],
    [1_500_000n, '1.5ms'],
    [1_000_000_000n, '1s'],
    [week, '168h0m0s'],
    [hour + 1n, '1h0m0.000000001s'],
    [90_000_000_000n, '1m30s'],
    [-hour, '-1h0m0s'],
    [2n ** 63n - 1n, '2562047h47m16.854775807s'],
  ])('%d ns prints as Go does', (duration, text) => {
    expect(formatDuration(duration)).toBe(text);
  });

  it('shard groups last an hour, a day or a week by the retention, and never less than an hour', () => {
    const lasting = [hour, day, 47n * hour, 2n * day - 1n].map(automaticShardGroupDuration);
    expect(lasting).toEqual([hour, hour, hour, hour]);
    expect([2n * day, 49n * hour, 179n * day, 180n * day - 1n].map(automaticShardGroupDuration)).toEqual(
      Array(4).fill(day),
    );
    expect([180n * day, 365n * day, 0n].map(automaticShardGroupDuration)).toEqual(Array(3).fill(week));
    expect(
      [1n, hour - 1n, -1n, day, hour + 7n, 0n].map((sgd) => normalizeShardGroupDuration(sgd, 0n)),
    ).toEqual([hour, hour, hour, day, hour + 7n, week]);
  });

  it('literals are accepted as durations', async () => {
    const client = new LocalMetaClient();
    const database = await client.createDatabaseWithRetentionPolicy('db', {
      duration: '30d',
      shardGroupDuration: '1d12h',
    });
    expect(database.retentionPolicies[0]).toMatchObject({
      duration: 30n * day,
      shardGroupDuration: 36n * hour,
    });
    await client.updateRetentionPolicy('db', 'autogen', { duration: 'INF', shardGroupDuration: '0s' }, false);
    expect(client.retentionPolicy('db', 'autogen')).toMatchObject({ duration: 0n, shardGroupDuration: week });
    const before = client.data();
    await expect(
      client.createRetentionPolicy('db', { name: 'x', duration: '1 h' }, false),
    ).rejects.toMatchObject({
      code: 'INVALID_DURATION',
    });
    await expect(
      client.createRetentionPolicy('db', { name: 'x', duration: 2n ** 63n }, false),
    ).rejects.toThrowError(RangeError);
    expect(client.data()).toBe(before);
  });
});

describe('names', () => {
  it.each([
    ['db', true],
    ['with space', true],
    ['é漢字🙂', true],
    ['a.b', true],
    ['"quoted"', true],
    ['\ufffd', true],
    ['\ud800', true],
    ['x'.repeat(300), true],
    ['', false],
    ['.', false],
    ['..', false],
    ['a/b', false],
    ['a\\b', false],
    ['tab\there', false],
    ['nul\0', false],
    ['\u00a0', false],
    ['\u3000', false],
    ['\u200b', false],
    ['\u00ad', false],
    ['\ufeff', false],
    ['\ue000', false],
  ])('isValidName(%o) is %s', (name, valid) => {
    expect(isValidName(name)).toBe(valid);
  });

  it('the store itself requires only a name of at most 255 bytes', async () => {
    const client = new LocalMetaClient();
    for (const name of ['/', '..', '\0', 'x'.repeat(255)]) await client.createDatabase(name);
    await expect(client.createDatabase('')).rejects.toThrowError('database name required');
    for (const name of ['x'.repeat(256), 'é'.repeat(128)]) {
      await expect(client.createDatabase(name)).rejects.toThrowError('name too long');
      await expect(client.createRetentionPolicy('/', { name }, false)).rejects.toThrowError('name too long');
    }
    await client.updateRetentionPolicy('/', 'autogen', { name: 'x'.repeat(300) }, false);
    expect(client.database('/')?.defaultRetentionPolicy).toBe('autogen');
    expect(client.retentionPolicy('/', '')).toBeUndefined();
  });
});
