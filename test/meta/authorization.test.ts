import {
  type AuthorizedStatement,
  authorizeDatabase,
  authorizeQuery,
  authorizeWrite,
  CfluxError,
  Leases,
  Privilege,
  type UserInfo,
} from 'clusterflux';
import { describe, expect, it } from 'vitest';

const user = (privileges: Record<string, number>, admin = false): UserInfo => ({
  name: 'bob',
  hash: '',
  admin,
  privileges: new Map(Object.entries(privileges)),
});

describe('authorization', () => {
  it('a grant allows its privilege, or everything; write does not include read', () => {
    const allowed = (granted: number) =>
      [Privilege.None, Privilege.Read, Privilege.Write, Privilege.All].filter((privilege) =>
        authorizeDatabase(user({ db: granted }), privilege, 'db'),
      );
    expect(allowed(Privilege.None)).toEqual([0]);
    expect(allowed(Privilege.Read)).toEqual([0, 1]);
    expect(allowed(Privilege.Write)).toEqual([0, 2]);
    expect(allowed(Privilege.All)).toEqual([0, 1, 2, 3]);
    expect(allowed(7)).toEqual([0]);
    expect(authorizeDatabase(user({ db: 3 }), Privilege.Read, 'other')).toBe(false);
    expect(authorizeDatabase(user({}, true), Privilege.All, 'other')).toBe(true);
  });

  it('of a write', () => {
    authorizeWrite(user({ db: 2 }), 'bob', 'db');
    for (const bob of [user({ db: 1 }), undefined]) {
      expect(() => authorizeWrite(bob, 'bob', 'db')).toThrowError('bob not authorized to write to db');
    }
  });

  it('of a query', () => {
    const select: AuthorizedStatement = {
      text: 'SELECT * FROM a.b.c',
      requires: [{ privilege: Privilege.Read }, { database: 'a', privilege: Privilege.Read }],
    };
    const create: AuthorizedStatement = {
      text: 'CREATE DATABASE x',
      requires: [{ admin: true, privilege: Privilege.All }],
    };
    const first: AuthorizedStatement = { ...create, createsAdmin: true };
    const refusal = (...args: Parameters<typeof authorizeQuery>) => {
      try {
        authorizeQuery(...args);
        return undefined;
      } catch (error) {
        return CfluxError.from(error).message;
      }
    };
    const noUsers = 'create admin user first or disable authentication';
    expect(refusal([], undefined, [first, create], 'db')).toBeUndefined();
    expect(refusal([], undefined, [create, first], 'db')).toBe(noUsers);
    expect(refusal([], undefined, [], 'db')).toBe(noUsers);
    const reader = user({ db: 1, a: 1 });
    expect(refusal([reader], undefined, [select], 'db')).toBe('no user provided');
    expect(refusal([reader], reader, [select], 'db')).toBeUndefined();
    expect(refusal([reader], reader, [select], 'other')).toBe(
      "bob not authorized to execute statement 'SELECT * FROM a.b.c', requires READ on other",
    );
    expect(refusal([reader], user({ db: 1 }), [select], 'db')).toBe(
      "bob not authorized to execute statement 'SELECT * FROM a.b.c', requires READ on a",
    );
    expect(refusal([reader], reader, [select, create], 'db')).toBe(
      "bob not authorized to execute statement 'CREATE DATABASE x', requires admin privilege",
    );
    expect(refusal([reader], user({}, true), [select, create], 'db')).toBeUndefined();
  });
});

describe('leases', () => {
  it('belong to one owner until they expire; he may prolong them', () => {
    let now = 1000;
    const leases = new Leases(60_000_000_000n, {
      now: () => now,
      monotonic: () => now,
      after: () => () => {},
    });
    const lease = leases.acquire('cq', 1n);
    expect(lease).toEqual({ name: 'cq', owner: 1n, expiration: 61_000_000_000n });
    expect(() => leases.acquire('cq', 2n)).toThrowError(
      expect.objectContaining({ code: 'LEASE_HELD', message: 'another node has the lease', cause: lease }),
    );
    expect(leases.acquire('other', 2n).owner).toBe(2n);
    now = 31_000;
    expect(leases.acquire('cq', 1n).expiration).toBe(91_000_000_000n);
    now = 91_000;
    expect(() => leases.acquire('cq', 2n)).toThrowError('another node has the lease');
    now = 91_001;
    expect(leases.acquire('cq', 2n).owner).toBe(2n);
  });
});
