import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  agree,
  agreementOf,
  agreementOn,
  emptyLedger,
  forget,
  observe,
  settle,
} from '../../src/influxdb/ledger/ledger.js';
import { LedgerStore } from '../../src/influxdb/ledger/ledger-store.js';
import { keyOf } from '../../src/influxdb/statements/item.js';
import { database, metadata, policy, user } from './support/build.js';
import { atEnd, directory } from './support/lab.js';

const server = { url: 'http://127.0.0.1:8086', clusterId: 5n };
const origin = { clusterId: 99n, epoch: 'one', version: 7 };
const a = keyOf({ kind: 'database', database: 'a' });
const b = keyOf({ kind: 'database', database: 'b' });
const only = (...names: string[]) => metadata({ databases: names.map((name) => database(name)) });

const seen = { server, origin, wanted: only('a'), present: metadata() };
const known = observe(emptyLedger(server, origin), seen);

describe('the ledger', () => {
  it('remembers what the cluster has, until neither side has it', () => {
    expect(known.current).toContain(a);
    expect(observe(known, seen)).toBe(known);
    const dropped = { ...seen, wanted: only('b'), present: only('a') };
    const later = settle(observe(known, dropped), dropped.wanted, dropped.present);
    expect([...later.current]).toEqual(expect.arrayContaining([a, b]));
    const gone = settle(later, only('b'), only('b'));
    expect(gone.current).not.toContain(a);
    expect(gone.current).toContain(b);
    expect(settle(gone, only('b'), only('b'))).toBe(gone);
  });

  it('holds everything when another history begins, until that one has it, too', () => {
    const others = [
      { ...origin, epoch: 'two' },
      { ...origin, epoch: undefined },
      { ...origin, clusterId: 98n },
      { ...origin, version: 6 },
    ];
    for (const other of others) {
      const next = observe(known, { ...seen, origin: other, wanted: only('b') });
      expect(next.current).not.toContain(a);
      expect(next.held.get(a)).toContain('earlier history');
      const back = observe(next, { ...seen, origin: other, wanted: only('a', 'b') });
      expect(back.held.has(a)).toBe(false);
      expect(back.current).toContain(a);
    }
    expect(forget(known).held.has(a)).toBe(true);
    // Versions of one epoch only rise.
    expect(observe(known, { ...seen, origin: { ...origin, version: 8 } })).toBe(known);
  });

  it('has no entries of another server', () => {
    const same = [{ url: 'http://other:1', clusterId: 5n }, { url: server.url }];
    for (const one of same) {
      expect(observe(known, { ...seen, server: one, wanted: metadata() }).current).toContain(a);
    }
    const others = [{ url: server.url, clusterId: 6n }, { url: 'http://other:1' }];
    for (const one of others) {
      expect(observe(known, { ...seen, server: one, wanted: metadata() }).current).not.toContain(a);
    }
  });

  it('holds a policy that left when another came', () => {
    const one = metadata({ databases: [database('a', [policy('x')])] });
    const two = metadata({ databases: [database('a', [policy('y')])] });
    const first = observe(emptyLedger(server, origin), { ...seen, wanted: one });
    const second = observe(first, { ...seen, wanted: two });
    expect(second.held.get(keyOf({ kind: 'retentionPolicy', database: 'a', policy: 'x' }))).toContain(
      'renamed it to "y"',
    );
  });

  it('records whose forms agree, and holds no hash', () => {
    const item = { kind: 'user', user: 'u' } as const;
    const wanted = metadata({ users: [user('u', { hash: '$2a$cluster' })] });
    const agreed = agree(known, new Map([[keyOf(item), agreementOn('$2a$cluster', '$2a$here')]]));
    expect(agreementOf(agreed, item, '$2a$cluster', '$2a$here')).toBe('same');
    expect(agreementOf(agreed, item, '$2a$cluster', '')).toBe('same');
    expect(agreementOf(agreed, item, '$2a$cluster', '$2a$other')).toBe('unknown');
    expect(agreementOf(agreed, item, '$2a$newer', '$2a$here')).toBe('wanted changed');
    expect(JSON.stringify([...agreed.agreements])).not.toContain('$2a$');
    expect(settle(agreed, wanted, metadata()).agreements.size).toBe(1);
    expect(settle(agreed, metadata(), metadata()).agreements.size).toBe(0);
  });
});

describe('LedgerStore', () => {
  it('gives back what it saved, after a restart, too', async () => {
    const dir = join(await directory(), 'made');
    const odd = observe(known, { ...seen, wanted: only('a', '__proto__', 'x"y\n') });
    const full = agree(forget(observe(odd, seen)), new Map([['k', { wanted: 'w', present: 'p' }]]));
    await new LedgerStore(dir).save(full);
    expect(await new LedgerStore(dir).load()).toEqual(full);
    expect(await readdir(dir)).toEqual(['influxdb-ledger.json']);
  });

  it('refuses a file that it cannot read, with the consequence', async () => {
    const dir = await directory();
    await new LedgerStore(dir).save(known);
    const path = join(dir, 'influxdb-ledger.json');
    const content = await readFile(path, 'utf8');
    for (const broken of ['', content.slice(0, -9), content.replace('"format":1', '"format":2'), '{}']) {
      await writeFile(path, broken);
      await expect(new LedgerStore(dir).load()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await expect(new LedgerStore(dir).load()).rejects.toThrow(/count as unmanaged/);
    }
  });

  describe('that saves what changed', () => {
    const arrived = (...names: string[]) => observe(known, { ...seen, wanted: only('a', ...names) });
    const b1 = arrived('b');
    const b2 = agree(arrived('b', 'c'), new Map([['k', { wanted: 'w', present: 'p' }]]));
    const b3 = settle(agree(b2, new Map([['k', { wanted: 'w', present: 'q' }]])), only('a', 'c'), metadata());

    function stored(dir: string): LedgerStore {
      const store = new LedgerStore(dir);
      atEnd(() => store.close());
      return store;
    }

    /** A directory as a killed process leaves it: the file has `b1`, the journal the two changes after it. */
    async function killed(): Promise<string> {
      const dir = await directory();
      const store = stored(dir);
      for (const ledger of [b1, b2, b3]) await store.append(ledger);
      return dir;
    }

    it('R31: gives it back after a crash', async () => {
      expect(b3.agreements.size + b3.current.size).toBeLessThan(b2.agreements.size + b2.current.size);
      expect(await new LedgerStore(await killed()).load()).toEqual(b3);
    });

    it('R31: gives back the changes before one that a crash cut off, and later ones of the next process', async () => {
      const dir = await killed();
      const journal = join(dir, 'influxdb-ledger.journal');
      await writeFile(journal, (await readFile(journal, 'utf8')).slice(0, -9));
      const next = stored(dir);
      expect(await next.load()).toEqual(b2);
      await next.append(b3);
      await next.append(b1);
      expect(await new LedgerStore(dir).load()).toEqual(b1);
    });

    it('R31: gives back the changes before one that was damaged', async () => {
      const dir = await killed();
      const journal = join(dir, 'influxdb-ledger.journal');
      const text = await readFile(journal, 'utf8');
      expect(text.split('"p"')).toHaveLength(2);
      await writeFile(journal, text.replace('"p"', '"z"'));
      expect(await new LedgerStore(dir).load()).toEqual(b1);
    });

    it('R31: ignores changes of an earlier content of the file', async () => {
      const dir = await killed();
      const journal = join(dir, 'influxdb-ledger.journal');
      const before = await readFile(journal, 'utf8');
      await new LedgerStore(dir).save(known);
      expect(await new LedgerStore(dir).load()).toEqual(known);
      expect(await readFile(journal, 'utf8')).toBe(before);
    });

    it('continues after the whole was saved', async () => {
      const dir = await directory();
      const store = stored(dir);
      for (const ledger of [b1, b2]) await store.append(ledger);
      await store.save(known);
      expect(await new LedgerStore(dir).load()).toEqual(known);
      await store.append(b3);
      expect(await new LedgerStore(dir).load()).toEqual(b3);
    });

    it('writes the whole into its file when it closes', async () => {
      const dir = await directory();
      const store = stored(dir);
      for (const ledger of [b1, b2]) await store.append(ledger);
      await store.close();
      await rm(join(dir, 'influxdb-ledger.journal'));
      expect(await new LedgerStore(dir).load()).toEqual(b2);
    });
  });

  it('keeps a confirmation until it is used, for another process, too', async () => {
    const dir = await directory();
    const [one, other] = [new LedgerStore(dir), new LedgerStore(dir)];
    expect(await one.confirmation()).toBeUndefined();
    await other.confirm('c0ffee');
    expect(await one.confirmation()).toBe('c0ffee');
    await one.useConfirmation();
    expect(await other.confirmation()).toBeUndefined();
    await one.useConfirmation();
  });
});
