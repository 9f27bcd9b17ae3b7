import { describe, expect, it } from 'vitest';
import { PasswordChecks } from '../../src/gateway/credentials/password-checks.js';
import type { UserInfo } from '../../src/meta/records.js';
import { ManualClock } from '../../src/testing/index.js';

const userOf = (name: string): UserInfo => ({
  name,
  hash: `hash of ${name}`,
  admin: false,
  privileges: new Map(),
});

/** Checks whose bcrypt is computed only when the test ends it, at most `places` at a time beside a suspect. */
function lab(places = 1) {
  const clock = new ManualClock();
  /** The names of users whose passwords were compared, in order. */
  const compared: string[] = [];
  const running: (() => void)[] = [];
  const compare = (password: string, hash: string) =>
    new Promise<boolean>((resolve) => {
      compared.push(hash.replace('hash of ', ''));
      running.push(() => resolve(password === 'right'));
    });
  const checks = new PasswordChecks(clock, { compare, atOnce: places });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  let guesses = 0;
  return {
    clock,
    compared,
    async log(name: string, address: string, password = 'right', hash = `hash of ${name}`) {
      const user = { ...userOf(name), hash };
      return checks.known(user, password) ?? checks.check(user, password, address);
    },
    guess: (name: string, address: string) => {
      guesses += 1;
      return checks.check(userOf(name), `wrong${guesses}`, address);
    },
    settle,
    /** Ends every check that has begun, and lets the next begin; all of them take equally long. */
    async endRound() {
      await clock.advance(65);
      for (const end of running.splice(0)) end();
      await settle();
    },
    async endAll() {
      while (running.length > 0 || clock.timers > 0) await this.endRound();
    },
  };
}

type Lab = ReturnType<typeof lab>;

/** Rounds of checks, each of which takes 65 ms, until a good login is over; its own check is not counted. */
async function delayOf(it: Lab, login: () => Promise<{ readonly result: string }>): Promise<number> {
  let result: string | undefined;
  const over = login().then((check) => {
    result = check.result;
  });
  let rounds = -1;
  for (; result === undefined && rounds < 100; rounds += 1) {
    await it.settle();
    await it.endRound();
  }
  expect(result).toBe('right');
  await over;
  return rounds;
}

const [here, there] = ['10.0.0.1', '10.0.0.2'];
const many = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Wrong logins that come at once. */
const attacks: Readonly<Record<string, (it: Lab) => void>> = {
  'one user, one address': (it) => many(100).forEach(() => void it.guess('victim', here)),
  'many users, one address': (it) => many(100).forEach((at) => void it.guess(`victim${at}`, here)),
  'one user, many addresses': (it) => many(100).forEach((at) => void it.guess('victim', `10.1.0.${at}`)),
  'many users, many addresses': (it) =>
    many(400).forEach((at) => void it.guess(`victim${at % 20}`, `10.1.0.${(at * 7) % 50}`)),
};

describe('R32: wrong logins delay a good one by at most one check', () => {
  it.each(Object.entries(attacks))('%s: a user that is not known, at another address', async (_, attack) => {
    const it = lab();
    attack(it);
    await it.settle();
    expect(await delayOf(it, () => it.log('good', there))).toBeLessThanOrEqual(1);
  });

  it.each(Object.entries(attacks))('%s, continued: the same', async (_, attack) => {
    const it = lab();
    attack(it);
    for (let rounds = 0; rounds < 5; rounds += 1) await it.endRound();
    attack(it);
    expect(await delayOf(it, () => it.log('good', there))).toBeLessThanOrEqual(1);
  });

  it('at its own address, against one other user: a user that is not known', async () => {
    const it = lab();
    attacks['one user, one address']?.(it);
    await it.endRound();
    expect(await delayOf(it, () => it.log('good', here))).toBeLessThanOrEqual(1);
  });

  it('at its own address, against many other users: a user that is not known', async () => {
    const it = lab();
    attacks['many users, one address']?.(it);
    for (let rounds = 0; rounds < 3; rounds += 1) await it.endRound();
    expect(await delayOf(it, () => it.log('good', here))).toBeLessThanOrEqual(1);
  });

  it('for its own user, from another address: a user that is not known', async () => {
    const it = lab();
    for (const _ of many(100)) void it.guess('good', here);
    await it.endRound();
    expect(await delayOf(it, () => it.log('good', there))).toBeLessThanOrEqual(1);
  });

  it('for its own user, from many addresses: at an address from which any user has logged in', async () => {
    const it = lab();
    const first = it.log('other', there);
    await it.endAll();
    expect((await first).result).toBe('right');
    for (const at of many(200)) void it.guess('good', `10.1.0.${at % 50}`);
    await it.settle();
    expect(await delayOf(it, () => it.log('good', there))).toBeLessThanOrEqual(1);
  });

  it('for many users at its own address: a user that has logged in before, with another password or elsewhere', async () => {
    for (const before of [here, there]) {
      const it = lab();
      const first = it.log('good', before);
      await it.endAll();
      expect((await first).result).toBe('right');
      attacks['many users, one address']?.(it);
      await it.endRound();
      expect(await delayOf(it, () => it.log('good', here, 'right', 'new hash'))).toBeLessThanOrEqual(1);
    }
  });

  it.each(Object.entries(attacks))(
    '%s: a password that is known takes no check, whatever comes',
    async (_, attack) => {
      const it = lab();
      const first = it.log('victim', here);
      await it.endAll();
      await first;
      attack(it);
      await it.settle();
      const before = it.compared.length;
      expect((await it.log('victim', there)).result).toBe('right');
      expect(it.compared).toHaveLength(before);
    },
  );
});

describe('R32: checks of passwords', () => {
  it.each([1, 2, 3])('are made for one suspect at a time, beside those of %i others', async (places) => {
    const it = lab(places);
    void it.guess('bad', here);
    await it.endAll();
    for (const at of many(3)) void it.guess(`bad${at}`, here);
    for (const at of many(5)) void it.log(`good${at}`, there);
    await it.settle();
    expect(it.compared.filter((name) => name.startsWith('bad'))).toEqual(['bad', 'bad0']);
    expect(it.compared.filter((name) => name.startsWith('good'))).toHaveLength(places);
    await it.endAll();
    expect(it.compared).toHaveLength(9);
  });

  it('of suspects pause after a wrong password for as long as it took, except for one that is less suspicious', async () => {
    const it = lab();
    for (const name of ['bad', 'other']) void it.guess(name, here);
    await it.endAll();
    it.compared.length = 0;
    for (const at of many(3)) void it.guess(`bad${at}`, here);
    await it.settle();
    await it.endRound();
    expect(it.compared, 'the pause begins').toEqual(['bad0']);
    const good = it.log('bad', there);
    await it.settle();
    expect(it.compared, 'its user failed once, its address never').toEqual(['bad0', 'bad']);
    await it.endRound();
    expect((await good).result).toBe('right');
    expect(it.compared, 'a right password is followed at once').toHaveLength(3);
    await it.endAll();
    expect(it.compared).toEqual(['bad0', 'bad', 'bad2', 'bad1']);
  });

  it('are refused for the most suspicious when too many suspects wait, not for one with fewer failures', async () => {
    const it = lab();
    for (let round = 0; round < 3; round += 1) {
      for (const at of many(70)) void it.guess(`bad${at}`, here);
      await it.endAll();
    }
    const guesses = many(100).map((at) => it.guess(`bad${at % 70}`, here));
    const good = it.log('good', here);
    await it.endAll();
    const results = (await Promise.all(guesses)).map(({ result }) => result);
    expect(results.filter((result) => result === 'limited').length).toBeGreaterThan(0);
    expect((await good).result).toBe('right');
  });

  it('forget failures after ten minutes, and are never refused to thirty users that log in at once', async () => {
    const it = lab();
    void it.guess('good', here);
    await it.endAll();
    await it.clock.advance(600_000);
    void it.guess('bad', there);
    await it.endAll();
    void it.guess('bad', there);
    await it.settle();
    expect(await delayOf(it, () => it.log('good', here))).toBe(0);
    const logins = many(300).map((at) => it.log(`user${at}`, here));
    await it.endAll();
    expect(new Set((await Promise.all(logins)).map(({ result }) => result))).toEqual(new Set(['right']));
  });

  it('share one check for a password from one address, and the result from others', async () => {
    const it = lab();
    const logins = ['10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => it.log('a', address));
    await it.endAll();
    expect((await Promise.all(logins)).map(({ result }) => result)).toEqual(many(4).map(() => 'right'));
    expect(it.compared).toEqual(['a']);
  });
});
