import assert from 'node:assert/strict';
import { isCfluxError } from '../../errors.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { Bench, OpenMetaClient } from './check.js';

/** The bench for one check. */
export function benchOf({ client: meta, reopen }: OpenMetaClient): Bench {
  const now: Bench['now'] = async (of = meta) =>
    decodeMetadata(encodeMetadata(await of.data(), { outOfRange: 'wrap' }));

  const unchangedBy: Bench['unchangedBy'] = async (call) => {
    const before = await now();
    const result = await call();
    assert.ok(equalMetadata(before, await now()), 'nothing is changed');
    return result;
  };

  return {
    meta,
    reopen,
    now,
    unchangedBy,
    refuses: (call, message, code) =>
      unchangedBy(() =>
        assert.rejects(
          async () => {
            await call();
          },
          (error) => {
            assert.ok(error instanceof Error, `refused with an Error, not ${String(error)}`);
            assert.equal(error.message, message);
            // A client of one's own may throw any error with that text.
            if (isCfluxError(error)) assert.equal(error.code, code);
            return true;
          },
        ),
      ),
    async policy(database, name = 'autogen') {
      const found = await meta.database(database);
      const policy = found?.retentionPolicies.find((each) => each.name === name);
      assert.ok(policy, `a policy ${name} in ${database}`);
      return policy;
    },
    async shardGroup(database, timestamp) {
      const group = await meta.createShardGroup(database, 'autogen', timestamp);
      assert.ok(group, 'a shard group');
      return group;
    },
  };
}

/** Nanoseconds. */
export const second = 1_000_000_000n;
export const hour = 3_600n * second;
export const day = 24n * hour;
export const week = 7n * day;

export const names = (records: readonly { readonly name: string }[]) => records.map(({ name }) => name);
export const ids = (records: readonly { readonly id: bigint }[]) => records.map(({ id }) => id);
