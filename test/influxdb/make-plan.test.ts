import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyLedger, type Ledger, observe } from '../../src/influxdb/ledger/ledger.js';
import type { PlanInput } from '../../src/influxdb/plan/draft.js';
import { makePlan } from '../../src/influxdb/plan/make-plan.js';
import type { PasswordState } from '../../src/influxdb/plan/password-state.js';
import type { Plan, Step } from '../../src/influxdb/plan/plan.js';
import { type Item, itemsOf, keyOf } from '../../src/influxdb/statements/item.js';
import { influxqlOf } from '../../src/influxdb/statements/statement.js';
import { fieldOf } from '../../src/influxdb/statements/write-limits.js';
import type { MetaData } from '../../src/meta/records.js';
import { anyMetadata } from './support/arbitrary-metadata.js';
import { database, day, hour, metadata, policy, query, subscription, user } from './support/build.js';
import { applied } from './support/model-server.js';

const server = { url: 'http://127.0.0.1:8086' };
const origin = { clusterId: 99n, epoch: 'e1', version: 7 };

/** A ledger of a mirror that saw these metadata of the cluster, one after another. */
function ledgerOf(...seen: readonly MetaData[]): Ledger {
  return seen.reduce(
    (ledger, wanted) => observe(ledger, { server, origin, wanted, present: metadata() }),
    emptyLedger(server, origin),
  );
}

function verdictsOf(wanted: MetaData, kind: 'same' | 'settable' = 'settable'): Map<string, PasswordState> {
  return new Map(wanted.users.map(({ name }) => [name, { kind }]));
}

/** The plan of a mirror that knows every password and that `wanted` followed `before` in the cluster. */
function plan(
  wanted: MetaData,
  present: MetaData,
  options: Partial<PlanInput> & { before?: MetaData } = {},
): Plan {
  const { before = metadata(), ...rest } = options;
  const ledger = ledgerOf(before, wanted);
  const passwords = new Map(verdictsOf(wanted));
  for (const { name } of present.users) passwords.set(name, { kind: 'same' });
  const limits = { drops: 'report', maxDrops: 1, serverVersion: '1.12.4' } as const;
  return makePlan({ wanted, present, ledger, passwords, ...limits, ...rest });
}

type WriteLimitItem = Extract<Item, { kind: 'writeLimit' }>;
const policyKeyOf = ({ database, policy }: WriteLimitItem) =>
  keyOf({ kind: 'retentionPolicy', database, policy });

function statesLimit(data: MetaData, item: WriteLimitItem): boolean {
  const policies = data.databases.find(({ name }) => name === item.database)?.retentionPolicies;
  return policies?.find(({ name }) => name === item.policy)?.[fieldOf(item.limit)] !== undefined;
}

const statements = (steps: readonly Step[]) => steps.flatMap(({ action }) => influxqlOf(action));

describe('makePlan', () => {
  it('is empty for a server that already agrees', () => {
    fc.assert(
      fc.property(anyMetadata, anyMetadata, (data, before) => {
        const passwords = verdictsOf(data, 'same');
        const input = { wanted: data, present: data, passwords, maxDrops: 9 };
        const agreed = makePlan({ ...input, drops: 'apply', ledger: ledgerOf(before, data) });
        // The one thing that is not as wanted is a policy that only a mirror makes, and never leaves.
        expect(statements(agreed.steps)).toEqual([]);
        expect(agreed.pending).toEqual([]);
        expect(agreed.unmanaged).toEqual([]);
      }),
    );
  });

  it('leads a server to the cluster, from wherever it is, in an order that the server takes', () => {
    fc.assert(
      fc.property(anyMetadata, anyMetadata, fc.nat(), (wanted, start, cut) => {
        // Killed after any step, and planned again: it ends the same.
        let present = start;
        const first = plan(wanted, present);
        for (const { action } of first.steps.slice(0, cut % (first.steps.length + 1)))
          present = applied(present, action);
        // Twice: an administrator is taken away only where the server has another one already.
        for (let reading = 1; reading <= 2; reading++) {
          for (const { action } of plan(wanted, present).steps) present = applied(present, action);
        }
        expect(statements(plan(wanted, present).steps)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  describe('destroys nothing', () => {
    /** The steps that destroy points or definitions, recognized by their statements alone. */
    const destructive = (made: Plan, present: MetaData) =>
      made.steps.filter(({ action }) => {
        if (action.kind === 'dropScaffold') return false;
        if (action.kind === 'alterRetentionPolicy' && action.duration !== undefined) {
          const here = present.databases
            .find(({ name }) => name === action.database)
            ?.retentionPolicies.find(({ name }) => name === action.policy);
          const before = here?.duration ?? 0n;
          return action.duration !== 0n && (before === 0n || action.duration < before);
        }
        return influxqlOf(action).every((statement) => statement.startsWith('DROP'));
      });

    const saysOf = (data: MetaData, userName: string, database: string) =>
      data.users.find(({ name }) => name === userName)?.privileges.get(database);

    const keys = (...all: readonly MetaData[]) =>
      new Set(all.flatMap((data) => [...itemsOf(data)].map(keyOf)));

    it('that was unmanaged, however much may be dropped', () => {
      fc.assert(
        fc.property(anyMetadata, anyMetadata, anyMetadata, (wanted, before, present) => {
          const made = plan(wanted, present, { before, drops: 'apply', maxDrops: 99 });
          const after = made.steps.reduce((data, { action }) => applied(data, action), present);
          const clusters = keys(before, wanted);
          const left = keys(after);
          for (const item of itemsOf(present)) {
            if (clusters.has(keyOf(item))) continue;
            if (item.kind === 'retentionPolicy' && item.policy === 'cflux-none') continue;
            // A longer duration takes the place of a shorter one.
            if (item.kind === 'retention') continue;
            // The cluster may state another limit, and a limit is dropped with its policy.
            if (item.kind === 'writeLimit' && (statesLimit(wanted, item) || !left.has(policyKeyOf(item))))
              continue;
            // In the cluster there may be none.
            if (item.kind === 'grant' && saysOf(wanted, item.user, item.database) !== undefined) continue;
            // Privileges on a database of the cluster go with it.
            if (item.kind === 'grant' && !left.has(keyOf({ kind: 'database', database: item.database })))
              continue;
            expect(left).toContain(keyOf(item));
          }
          for (const step of destructive(made, present)) expect(clusters).toContain(keyOf(step.item));
        }),
        { numRuns: 400 },
      );
    });

    it('unless allowed, and then at most maxDrops at once, and at the end', () => {
      fc.assert(
        fc.property(anyMetadata, anyMetadata, anyMetadata, fc.nat(3), (wanted, before, present, maxDrops) => {
          expect(destructive(plan(wanted, present, { before }), present)).toEqual([]);
          const made = plan(wanted, present, { before, drops: 'apply', maxDrops });
          const drops = destructive(made, present);
          expect(drops.length).toBeLessThanOrEqual(maxDrops);
          expect(made.drops).toBeGreaterThanOrEqual(drops.length);
          expect(
            destructive({ ...made, steps: made.steps.slice(0, made.steps.length - made.drops) }, present),
          ).toEqual([]);
          if (made.confirmation === undefined) return;
          const { confirmation: confirmed } = made;
          const confirmedPlan = plan(wanted, present, { before, drops: 'apply', maxDrops, confirmed });
          expect(confirmedPlan.drops).toBeGreaterThan(maxDrops);
        }),
      );
    });

    it('on the word of another history of the cluster', () => {
      fc.assert(
        fc.property(
          anyMetadata,
          anyMetadata,
          anyMetadata,
          fc.constantFrom(
            { ...origin, epoch: 'e2' },
            { ...origin, version: 6 },
            { ...origin, clusterId: 1n },
          ),
          (wanted, before, present, other) => {
            const ledger = observe(ledgerOf(before), { server, origin: other, wanted, present });
            const passwords = verdictsOf(wanted);
            const made = makePlan({ wanted, present, ledger, passwords, drops: 'apply', maxDrops: 99 });
            expect(destructive(made, present)).toEqual([]);
          },
        ),
      );
    });

    it('by taking away the last administrator, or the account of the mirror', () => {
      fc.assert(
        fc.property(anyMetadata, anyMetadata, anyMetadata, (wanted, before, present) => {
          const made = plan(wanted, present, { before, drops: 'apply', maxDrops: 99, account: 'root' });
          const after = made.steps.reduce((data, { action }) => applied(data, action), present);
          const admins = (data: MetaData) => data.users.filter(({ admin }) => admin).map(({ name }) => name);
          if (admins(present).length > 0) expect(admins(after).length).toBeGreaterThan(0);
          if (admins(present).includes('root')) expect(admins(after)).toContain('root');
        }),
        { numRuns: 400 },
      );
    });

    it('of _internal', () => {
      fc.assert(
        fc.property(anyMetadata, anyMetadata, anyMetadata, (wanted, before, present) => {
          const made = plan(wanted, present, { before, drops: 'apply', maxDrops: 99 });
          for (const { action } of made.steps) {
            if ('database' in action) expect(action.database).not.toBe('_internal');
          }
        }),
      );
    });
  });

  it('changes what differs, in the order databases, policies, defaults, queries and subscriptions, users, privileges', () => {
    const wanted = metadata({
      databases: [
        database('new', [policy('rp', { duration: day, subscriptions: [subscription('s')] })], {
          continuousQueries: [
            query(
              'c',
              'CREATE CONTINUOUS QUERY c ON "new" BEGIN SELECT mean(v) INTO m FROM x GROUP BY time(1m) END',
            ),
          ],
        }),
        database('old', [
          policy('longer', { duration: 2n * day }),
          policy('more', { replicaN: 2 }),
          policy('added'),
        ]),
      ],
      users: [
        user('u', {
          admin: true,
          privileges: new Map([
            ['new', 1],
            ['old', 0],
          ]),
        }),
        user('v'),
      ],
    });
    const present = metadata({
      databases: [database('old', [policy('autogen'), policy('longer', { duration: day }), policy('more')])],
      users: [user('v', { privileges: new Map([['old', 3]]) })],
    });
    const made = plan(wanted, present);
    expect(statements(made.steps)).toEqual([
      'CREATE DATABASE "new" WITH DURATION 1d REPLICATION 1 SHARD DURATION 1h NAME "rp"',
      'ALTER RETENTION POLICY "longer" ON "old" DURATION 2d SHARD DURATION 1d',
      'ALTER RETENTION POLICY "more" ON "old" REPLICATION 2',
      'CREATE RETENTION POLICY "added" ON "old" DURATION INF REPLICATION 1 SHARD DURATION 1w',
      'ALTER RETENTION POLICY "longer" ON "old" DEFAULT',
      'CREATE CONTINUOUS QUERY c ON "new" BEGIN SELECT mean(v) INTO m FROM x GROUP BY time(1m) END',
      'CREATE SUBSCRIPTION "s" ON "new"."rp" DESTINATIONS ALL \'udp://127.0.0.1:9\'',
      'CREATE USER "u" WITH PASSWORD [REDACTED] WITH ALL PRIVILEGES',
      'GRANT READ ON "new" TO "u"',
    ]);
    expect(made.unmanaged).toEqual([
      { kind: 'retentionPolicy', database: 'old', policy: 'autogen' },
      { kind: 'grant', user: 'v', database: 'old' },
    ]);
  });

  it('revokes grants that the cluster revoked, and leaves grants that only this server has', () => {
    const databases = [database('d')];
    const present = metadata({ databases, users: [user('u', { privileges: new Map([['d', 3]]) })] });
    const said = metadata({ databases, users: [user('u', { privileges: new Map([['d', 0]]) })] });
    expect(statements(plan(said, present).steps)).toEqual(['REVOKE ALL ON "d" FROM "u"']);
    const silent = metadata({ databases, users: [user('u')] });
    expect(plan(silent, present)).toMatchObject({
      steps: [],
      unmanaged: [{ kind: 'grant', user: 'u', database: 'd' }],
    });
    // The cluster granted it, and dropped and made the user again since.
    for (const drops of ['report', 'apply'] as const)
      expect(plan(silent, present, { before: present, drops })).toMatchObject({
        drops: 0,
        steps: [{ action: { kind: 'revoke', user: 'u', database: 'd' } }],
        pending: [],
      });
  });

  it('holds back a shortened policy as it holds back a drop', () => {
    const before = metadata({ databases: [database('d', [policy('rp', { shardGroupDuration: hour })])] });
    const wanted = metadata({ databases: [database('d', [policy('rp', { duration: day })])] });
    const shorten = 'ALTER RETENTION POLICY "rp" ON "d" DURATION 1d';
    expect(plan(wanted, before, { before })).toMatchObject({
      steps: [],
      pending: [{ item: { kind: 'retention' } }],
    });
    const apply = plan(wanted, before, { before, drops: 'apply' });
    expect([apply.drops, statements(apply.steps)]).toEqual([1, [shorten]]);
    // This server's policy never was the cluster's: its points are not the cluster's to delete.
    const first = plan(wanted, before, { drops: 'apply' });
    expect(first).toMatchObject({ steps: [], pending: [{ item: { kind: 'retention' } }] });
    expect(first.pending[0]?.reason).toContain('shorten it by hand');
  });

  it('takes a policy that left while another came for one that may have been renamed, and never drops it', () => {
    const before = metadata({ databases: [database('d', [policy('a'), policy('b')])] });
    const renamed = metadata({ databases: [database('d', [policy('c'), policy('b')])] });
    const made = plan(renamed, before, { before, drops: 'apply', maxDrops: 99 });
    expect(statements(made.steps)).toEqual([
      'CREATE RETENTION POLICY "c" ON "d" DURATION INF REPLICATION 1 SHARD DURATION 1w DEFAULT',
    ]);
    expect(made.pending).toMatchObject([{ item: { policy: 'a' } }]);
    expect(made.pending[0]?.reason).toContain('may have renamed it to "c"');
    // Nor later, when the new name is nothing new any more.
    const ledger = observe(ledgerOf(before, renamed), { server, origin, wanted: renamed, present: renamed });
    const present = metadata({ databases: [database('d', [policy('c'), policy('b'), policy('a')])] });
    const later = makePlan({
      wanted: renamed,
      present,
      ledger,
      passwords: new Map(),
      drops: 'apply',
      maxDrops: 99,
    });
    expect(later.steps).toEqual([]);
  });

  it('counts a database with everything in it as one drop, privileges on it too', () => {
    const users = [
      user('u', { privileges: new Map([['gone', 3]]) }),
      user('v', { privileges: new Map([['gone', 1]]) }),
    ];
    const gone = database('gone', [policy('autogen', { subscriptions: [subscription('s')] }), policy('rp')]);
    const before = metadata({ databases: [gone], users });
    const wanted = metadata({ users: [user('u'), user('v')] });
    const made = plan(wanted, before, { before, drops: 'apply', maxDrops: 1 });
    expect(statements(made.steps)).toEqual(['DROP DATABASE "gone"']);
    // Unless something in it was never the cluster's.
    const withMore = metadata({
      databases: [{ ...gone, retentionPolicies: [...gone.retentionPolicies, policy('mine')] }],
    });
    expect(plan(wanted, withMore, { before, drops: 'apply' })).toMatchObject({
      drops: 0,
      pending: [
        {
          item: { kind: 'database' },
          reason: `it contains an item that was never part of the cluster: retention policy "mine" on "gone"`,
        },
      ],
    });
  });

  it('leaves one of several administrators that the cluster dropped or demoted at once', () => {
    const before = metadata({
      users: [user('u', { admin: true }), user('v', { admin: true }), user('w', { admin: true })],
    });
    const dropped = plan(metadata(), before, { before, drops: 'apply', maxDrops: 9 });
    expect(statements(dropped.steps)).toEqual(['DROP USER "u"', 'DROP USER "v"']);
    expect(dropped.pending).toMatchObject([
      { item: { user: 'w' }, reason: 'it is the last administrator on this server' },
    ]);
    const demoted = plan(metadata({ users: [user('u'), user('v'), user('w')] }), before, { before });
    expect(demoted.steps).toHaveLength(2);
    expect(demoted.refused).toMatchObject([{ item: { user: 'w' } }]);
    const both = plan(metadata({ users: [user('u')] }), before, { before, drops: 'apply', maxDrops: 9 });
    expect(statements(both.steps)).toEqual(['REVOKE ALL PRIVILEGES FROM "u"', 'DROP USER "v"']);
  });

  it('waits for the confirmation of exactly these drops in exactly this history', () => {
    const three = metadata({ databases: [database('a'), database('b'), database('c')] });
    const none = metadata();
    const waiting = plan(none, three, { before: three, drops: 'apply' });
    expect(waiting).toMatchObject({ steps: [], drops: 0 });
    const confirmed = waiting.confirmation ?? '';
    expect(waiting.pending.map(({ reason }) => reason)).toEqual(
      Array(3).fill(expect.stringContaining(confirmed)),
    );
    expect(plan(none, three, { before: three, drops: 'apply', confirmed }).drops).toBe(3);
    const four = metadata({ databases: [...three.databases, database('d')] });
    expect(plan(none, four, { before: four, drops: 'apply', confirmed }).drops).toBe(0);
    expect(plan(none, three, { before: three, drops: 'report', confirmed }).drops).toBe(0);
  });

  it('reports what InfluxQL cannot express or a server cannot have, and continues with the rest', () => {
    const names = ['', '.', '..', 'a/b', 'a\\b', 'cr\r', 'nul\0', 'lone \ud800', '\u00a0', 'x'.repeat(256)];
    const wanted = metadata({
      databases: [
        ...names.map((name) => database(name)),
        database('good', [
          policy('rp'),
          policy('short', { duration: 1n }),
          policy('none', { replicaN: 0 }),
          policy(''),
        ]),
      ],
      users: [
        user(''),
        user('cr\r'),
        user('fine', {
          privileges: new Map([
            ['nowhere', 1],
            ['good', 7],
          ]),
        }),
      ],
    });
    const made = plan(wanted, metadata());
    expect(statements(made.steps)).toEqual([
      'CREATE DATABASE "good" WITH DURATION INF REPLICATION 1 SHARD DURATION 1w NAME "rp"',
      'CREATE USER "fine" WITH PASSWORD [REDACTED]',
    ]);
    expect(made.refused.map(({ reason }) => reason)).toEqual([
      ...Array(5).fill('invalid name'),
      'InfluxQL cannot express a carriage return',
      'InfluxQL cannot express a NUL character',
      'InfluxQL cannot express a lone surrogate',
      'invalid name',
      'name too long',
      'retention policy duration must be at least 1h0m0s',
      'a replication factor of 0 is not from 1 to 2147483647',
      'invalid name',
      'username required',
      'InfluxQL cannot express a carriage return',
      'database not found: nowhere',
      'InfluxQL cannot express privilege 7',
    ]);
  });

  it('leaves a user whose password it does not know, and what hangs on it, to the operator', () => {
    const wanted = metadata({
      databases: [database('d')],
      users: [user('u', { privileges: new Map([['d', 1]]) })],
    });
    const passwords = new Map([
      ['u', { kind: 'unavailable', reason: 'its password was not given' } as const],
    ]);
    const made = plan(wanted, metadata({ databases: [database('d')] }), { passwords });
    expect(made.steps).toEqual([]);
    expect(made.pending).toMatchObject([
      { item: { kind: 'user', user: 'u' }, reason: 'missing, and its password was not given' },
    ]);
  });
});
