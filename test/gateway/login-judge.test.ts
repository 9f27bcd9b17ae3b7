import { LocalMetaClient, type MetaData } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { LoginJudge } from '../../src/gateway/credentials/login-judge.js';
import { SharedRefresh } from '../../src/gateway/shared-refresh.js';

/** A judge whose node is behind: it has the newest metadata only after a refresh. */
async function behind(...newest: readonly (readonly [name: string, password: string])[]) {
  const meta = new LocalMetaClient({ bcryptCost: 4 });
  await meta.createUser('old', 'before', false);
  let shown: MetaData = await meta.data();
  for (const [name, password] of newest) {
    if (name === 'old') await meta.updateUser(name, password);
    else await meta.createUser(name, password, false);
  }
  const data = await meta.data();
  const clock = new ManualClock();
  let refreshes = 0;
  const refresh = new SharedRefresh(clock, async () => {
    refreshes += 1;
    shown = data;
  });
  const judge = new LoginJudge({
    data: () => shown,
    refresh,
    clock,
    jwtSecret: undefined,
    serverVersion: () => '1.6.7',
  });
  const login = (name: string, password: string) =>
    judge.judge({ kind: 'password', name, password }, '127.0.0.1');
  return { login, refreshes: () => refreshes };
}

it('R32: a login is refused only after a look for newer metadata: of a new user, and with a new password', async () => {
  const { login, refreshes } = await behind(['new', 'secret'], ['old', 'after']);
  expect(await login('new', 'secret')).toMatchObject({ kind: 'verified', actor: { name: 'new' } });
  expect(refreshes()).toBe(1);
  const other = await behind(['old', 'after']);
  expect(await other.login('old', 'after')).toMatchObject({ kind: 'verified', actor: { name: 'old' } });
  expect(await other.login('old', 'before')).toMatchObject({ kind: 'refused' });
  expect(await other.login('nobody', 'x')).toMatchObject({ kind: 'refused' });
  expect(other.refreshes()).toBe(3);
});

it('R32: a login that is right by the accepted metadata costs no look for newer metadata', async () => {
  const { login, refreshes } = await behind(['old', 'after']);
  expect(await login('old', 'before')).toMatchObject({ kind: 'verified' });
  expect(refreshes()).toBe(0);
});
