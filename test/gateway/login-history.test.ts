import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { LoginHistory } from '../../src/gateway/credentials/login-history.js';

const shared = '192.0.2.7';

it('R32: a user that has logged in from an address is no suspect there, although other clients send wrong passwords from it', () => {
  const history = new LoginHistory(new ManualClock());
  history.succeeded('ann', shared);
  for (let at = 0; at < 20; at++) history.failed('root', shared);
  for (let at = 0; at < 20; at++) history.failed(`guess-${at}`, shared);
  // Another client guesses the password of this user.
  for (let at = 0; at < 20; at++) history.failed('ann', '198.51.100.1');
  expect(history.suspicion('ann', shared)).toBeLessThan(0);
  expect(history.suspicion('ann', '198.51.100.1')).toBeGreaterThan(0);
  expect(history.suspicion('nobody', shared)).toBeGreaterThan(0);
});

it('R32: its own wrong passwords make a user a suspect, until the right one', () => {
  const history = new LoginHistory(new ManualClock());
  history.succeeded('ann', shared);
  history.failed('ann', shared);
  history.failed('ann', shared);
  expect(history.suspicion('ann', shared)).toBe(2);
  history.succeeded('ann', shared);
  expect(history.suspicion('ann', shared)).toBeLessThan(0);
});
