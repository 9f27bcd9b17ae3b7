import { HttpTransport } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, rawServer } from '../support/raw-server.js';

describe('HttpTransport', () => {
  it('registers a node under a name of any characters', async () => {
    const server = await rawServer((_, socket) => socket.write(answer(200, {}, '{"id":7}')));
    const transport = new HttpTransport({ endpoint: server.url });
    onTestFinished(() => transport.close());
    const node = { ip: '10.0.0.1,', hostname: 'h' };
    expect(await transport.register({ cluster: 'a b/ü+', node })).toEqual({ id: 7, expirationDate: '' });
    expect(server.requests[0]).toMatchObject({ method: 'POST', path: '/nodes/a%20b%2F%C3%BC%2B' });
    expect(JSON.parse(String(server.requests[0]?.body))).toEqual(node);
  });
});
