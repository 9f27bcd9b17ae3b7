import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { RefusedPolls } from '../../src/manager/http/refused-polls.js';

const from = (remoteAddress: string) => ({ socket: { remoteAddress } }) as unknown as IncomingMessage;

it('R24: refused polls are held up to a limit, and one address takes at most a part of it', async () => {
  const clock = new ManualClock();
  const refused = new RefusedPolls(clock);
  const never = new AbortController().signal;
  setMaxListeners(0, never);
  const one = Array.from({ length: 2_000 }, () => refused.hold(from('10.0.0.1'), never));
  expect(refused.held).toBe(500);
  const others = Array.from({ length: 2_000 }, (_, client) => refused.hold(from(`10.0.${client}.2`), never));
  expect(refused.held).toBe(1_000);
  await clock.advance(5_000);
  await Promise.all([...one, ...others]);
  expect(refused.held).toBe(0);
});
