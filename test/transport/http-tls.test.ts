import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { TlsOptions } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tlsPem } from '../support/tls-fixtures.js';
import { errorOf, httpTransport, onlyOnce, somePush } from '../support/transports.js';

const [ca, otherCa] = [tlsPem('ca'), tlsPem('other-ca')];

async function tlsServer(options: ServerOptions = {}) {
  let requests = 0;
  const server = createServer(
    { cert: tlsPem('server'), key: tlsPem('server-key'), ...options },
    (_, response) => {
      requests += 1;
      response.writeHead(200, { Version: 5 }).end();
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
  };
}

const pushTo = (url: string, tls?: TlsOptions) =>
  httpTransport(url, { ...onlyOnce, ...(tls ? { tls } : {}) }).push(somePush);

describe('https', () => {
  it('trusts an authority of its own', async () => {
    const server = await tlsServer();
    expect(await pushTo(server.url, { ca })).toMatchObject({ kind: 'committed' });
    expect(await pushTo(server.url, { ca: [otherCa, Buffer.from(ca)] })).toMatchObject({ kind: 'committed' });
  });

  it.each([
    ['an authority that is unknown', undefined],
    ['another authority', { ca: otherCa }],
    ['another name', { ca, servername: 'elsewhere.example' }],
  ])('R3: sends nothing to a server with a certificate of %s', async (_, tls) => {
    const server = await tlsServer();
    const error = await errorOf(pushTo(server.url, tls));
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'notApplied' });
    expect(String(error)).toMatch(/certificate|altnames/);
    expect(server.requests).toBe(0);
  });

  it('sends its own certificate to a server that requires one', async () => {
    const server = await tlsServer({ ca, requestCert: true, rejectUnauthorized: true });
    const own = { cert: tlsPem('client'), key: Buffer.from(tlsPem('client-key')) };
    expect(await pushTo(server.url, { ca, ...own })).toMatchObject({ kind: 'committed' });
    expect(await errorOf(pushTo(server.url, { ca }))).toMatchObject({ code: 'UNREACHABLE' });
    expect(server.requests).toBe(1);
  });

  it('is refused by a server of http, and the other way around', async () => {
    const secure = await tlsServer();
    const plain = createHttpServer().listen(0, '127.0.0.1');
    onTestFinished(() => void plain.close());
    await once(plain, 'listening');
    const address = plain.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await errorOf(pushTo(`https://127.0.0.1:${port}`, { ca }))).toMatchObject({ code: 'UNREACHABLE' });
    expect(await errorOf(pushTo(`http://127.0.0.1:${secure.port}`))).toMatchObject({ code: 'UNREACHABLE' });
  });
});
