import { LocalMetaClient, type MetaClient } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { CfluxError } from '../../src/errors.js';
import { ClusterWriter, type WriteOutcome } from '../../src/gateway/statements/cluster-writer.js';
import type { NodesWaiter } from '../../src/gateway/statements/wait-for-all.js';
import type { AcceptedChange } from '../../src/influxdb/converge/accepted-change.js';
import { parseStatements } from '../../src/influxql/parse-statements.js';
import type { ClusterStatement } from '../../src/influxql/statement.js';

const limits = { manager: 3_000, all: 4_500 };
/** Of a server without authentication. */
const authority = { database: '', account: undefined, isServerWithoutUsers: async () => false };
const never = () => new Promise<never>(() => {});

/** A writer before a manager and a server that do what a test says. */
function lab({
  decide = async () => {},
  carryOut = async () => undefined,
  nodes,
}: {
  readonly decide?: () => Promise<void>;
  readonly carryOut?: (change: AcceptedChange) => Promise<string | undefined>;
  readonly nodes?: NodesWaiter;
} = {}) {
  const clock = new ManualClock();
  const meta = new LocalMetaClient();
  const status = { version: 7 };
  const client = {
    status,
    async mutate<T>(operation: (on: MetaClient) => T | Promise<T>): Promise<T> {
      const result = await operation(meta);
      await decide();
      status.version += 1;
      return result;
    },
  };
  const mirror = { carryOut, apart: async () => undefined, found: async () => {} };
  const writer = new ClusterWriter({ client, mirror, clock, limits, nodes });
  const write = (text: string) => {
    const statement = parseStatements(text)[0]?.statement as ClusterStatement;
    const outcomes: WriteOutcome[] = [];
    void writer
      .write({ statement }, { place: {}, authority, onWait: () => {} })
      .then((outcome) => outcomes.push(outcome));
    return outcomes;
  };
  return { clock, write, meta };
}

const failure = (text: RegExp) => [
  expect.objectContaining({ state: 'failed', text: expect.stringMatching(text) }),
];

describe('R31: the time limits of a statement for the cluster', () => {
  it('R31: a manager that does not decide has 3 seconds, then the outcome is unknown', async () => {
    const { clock, write } = lab({ decide: never });
    const outcomes = write('CREATE DATABASE x');
    await clock.advance(2_999);
    expect(outcomes).toEqual([]);
    await clock.advance(100);
    expect(outcomes).toEqual(failure(/^the outcome is unknown: the manager did not respond in time/));
  });

  it('R31: a server that does not respond has until 4.5 seconds from the beginning, then the change was made', async () => {
    const { clock, write } = lab({ carryOut: never });
    const outcomes = write('CREATE DATABASE x');
    await clock.advance(4_499);
    expect(outcomes).toEqual([]);
    await clock.advance(1);
    expect(outcomes).toEqual(
      failure(/the change was made on the cluster, but .* within 4500 ms; do not repeat it$/),
    );
  });

  it('R31: a statement that waits 4.5 seconds for earlier ones changes nothing, neither then nor later', async () => {
    let release = () => {};
    const carryOut = () => new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const { clock, write, meta } = lab({ carryOut });
    write('CREATE DATABASE x');
    const outcomes = write('CREATE DATABASE y');
    await clock.advance(4_500);
    expect(outcomes).toEqual(failure(/earlier statements took too long; nothing was changed/));
    release();
    await clock.advance(10_000);
    expect(meta.data().databases.map(({ name }) => name)).toEqual(['x']);
  });

  it('R31: what is left of the 4.5 seconds limits the manager, too', async () => {
    let release = () => {};
    let isSecond = false;
    const carryOut = () => new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const decide = () => (isSecond ? never() : Promise.resolve());
    const { clock, write } = lab({ carryOut, decide });
    write('CREATE DATABASE x');
    const outcomes = write('CREATE DATABASE y');
    await clock.advance(4_000);
    isSecond = true;
    release();
    await clock.advance(499);
    expect(outcomes).toEqual([]);
    await clock.advance(60);
    expect(outcomes).toEqual(failure(/^the outcome is unknown/));
  });
});

describe('a statement for the cluster that waits for all nodes', () => {
  const waiting = (wait: NodesWaiter['waitForNodes']) => {
    const calls: unknown[] = [];
    const nodes: NodesWaiter = {
      waitForNodes: (version, options) => {
        calls.push({ version, ...options });
        return wait(version, options);
      },
    };
    return { nodes, calls };
  };

  it('waits for those heard from within 6 seconds, for what is left of 4.5 seconds', async () => {
    const { nodes, calls } = waiting(async () => {});
    const { clock, write } = lab({ nodes });
    const outcomes = write('CREATE DATABASE x');
    await clock.advance(0);
    expect(calls).toEqual([{ version: 8, timeout: 4_400, seen: 6_000 }]);
    expect(outcomes).toEqual([{ state: 'done', version: 8, storedText: undefined, warning: undefined }]);
  });

  it('succeeds with a message if a node is behind, the manager is away, or is too old for this', async () => {
    for (const [error, text] of [
      [
        new CfluxError('TIMEOUT', 'not all nodes have it: behind: node 3', { cause: {} }),
        /^the change was made as version 8, and this server has it; not all nodes have it: behind: node 3$/,
      ],
      [new CfluxError('NO_SUCH_ROUTE', 'too old'), /; cannot determine whether all nodes have it: too old$/],
    ] as const) {
      const { nodes } = waiting(() => Promise.reject(error));
      const { clock, write } = lab({ nodes });
      const outcomes = write('CREATE DATABASE x');
      await clock.advance(0);
      expect(outcomes).toMatchObject([{ state: 'done', warning: expect.stringMatching(text) }]);
    }
  });

  it('is over after 4.5 seconds even if the manager does not respond, and does not hold up others', async () => {
    const { nodes } = waiting(never);
    const { clock, write, meta } = lab({ nodes });
    const outcomes = write('CREATE DATABASE x');
    await clock.advance(0);
    write('CREATE DATABASE y');
    await clock.advance(0);
    expect(meta.data().databases).toHaveLength(2);
    await clock.advance(4_500);
    expect(outcomes).toMatchObject([
      { state: 'done', warning: expect.stringMatching(/manager did not respond/) },
    ]);
  });

  it('does not wait if it fails', async () => {
    const { nodes, calls } = waiting(never);
    const { clock, write } = lab({ nodes, carryOut: async () => 'refused' });
    const outcomes = write('CREATE DATABASE x');
    await clock.advance(0);
    expect(outcomes).toMatchObject([{ state: 'failed' }]);
    expect(calls).toEqual([]);
  });
});
