import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { Deferred } from '../../src/async/deferred.js';
import { runtimeSockets, undiciSockets } from '../../src/transport/sockets.js';

const connectTimeout = 5_000;

describe('connections of a runtime with its own fetch, such as Bun', () => {
  it('R14: reject pending and later requests after destroy, and leave responses that came before', async () => {
    const sockets = runtimeSockets({ tls: undefined, connectTimeout });
    const answer = new Deferred<string>();
    const pending = sockets.run(() => answer.promise);
    expect(await sockets.run(async () => 'a response')).toBe('a response');
    await sockets.destroy();
    await expect(pending).rejects.toThrow('the connections were closed');
    await expect(sockets.run(async () => 'late')).rejects.toThrow('the connections were closed');
    answer.resolve('late');
    await sockets.close();
  });

  it('pass certificates to fetch, and disable its limit of five minutes', () => {
    expect(runtimeSockets({ tls: undefined, connectTimeout }).options).toEqual({ timeout: false });
    const tls = { ca: 'a certificate', servername: 'manager' };
    expect(runtimeSockets({ tls, connectTimeout }).options).toEqual({ timeout: false, tls });
  });
});

it('connections of undici are a dispatcher of fetch', async () => {
  const sockets = undiciSockets(Agent, { tls: undefined, connectTimeout });
  expect(sockets.options).toEqual({ dispatcher: expect.any(Agent) });
  await sockets.close();
});
