import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { answer, rawServer } from '../support/raw-server.js';
import { httpTransport } from '../support/transports.js';

it('#6 the keep-alive race: a server that closes idle connections just as the next beat comes costs no beat of a thousand', async () => {
  const idle = 30;
  let dropped = 0;
  const server = await rawServer((_, socket) => {
    socket.setTimeout(idle, () => socket.destroy());
    socket.once('close', () => {
      // It had responded, and was idle: some of these closes meet a request on its way.
      dropped += 1;
    });
    socket.write(answer(200));
  });
  let repeated = 0;
  const node = async (number: number) => {
    const transport = httpTransport(server.url, {
      retry: {
        minDelay: 1,
        maxDelay: 2,
        onRetry: () => {
          repeated += 1;
        },
      },
    });
    for (let beats = 0; beats < 50; beats++) {
      await transport.heartbeat({ cluster: 'c', nodeId: number });
      await wait(idle - 10 + ((number + beats) % 21));
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, number) => node(number + 1)));
  expect(server.requests.length).toBeGreaterThanOrEqual(1_000);
  // The race was run: connections were dropped between beats, and lost attempts were made again.
  expect(dropped).toBeGreaterThan(100);
  expect(repeated).toBeLessThan(1_000);
});
