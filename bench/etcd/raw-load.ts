import { once } from 'node:events';
import { connect } from 'node:net';

/** Answers a second of requests without a body, over so many connections at a time: a client that costs next to nothing. */
export async function rawRate(
  urls: readonly string[],
  requests: readonly string[],
  connections: number,
  headersOf: (request: number) => string = () => '',
): Promise<number> {
  const waiting = requests.entries();
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, number) => {
      const { hostname, port, host } = new URL(urls[number % urls.length] ?? '');
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      await once(socket, 'connect');
      let received = '';
      let answered = () => {};
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text;
        if (received.endsWith('\r\n\r\n')) answered();
      });
      for (const [index, request] of waiting) {
        const answer = new Promise<void>((resolve) => {
          answered = resolve;
        });
        received = '';
        socket.write(`${request} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n${headersOf(index)}\r\n`);
        await answer;
        if (!received.startsWith('HTTP/1.1 200')) throw new Error(`${request}: ${received}`);
      }
      socket.destroy();
    }),
  );
  return (requests.length / (performance.now() - begin)) * 1000;
}
