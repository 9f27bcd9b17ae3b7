import dns from 'node:dns';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { CertificateInfo } from 'clusterflux';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Authority, ReplacedFile, temporaryDirectory } from '../support/certificates.js';
import { errorOf, httpTransport, onlyOnce } from '../support/transports.js';

const heartbeat = { cluster: 'c', nodeId: 1 };
const soon = { timeout: 15_000, interval: 100 };

async function listening<T extends Server>(server: T, host = '127.0.0.1', port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('TLS certificates of a client (R9)', () => {
  async function secured() {
    const authority = await Authority.create('authority');
    const server = await authority.issue('server');
    const names: string[] = [];
    const held: (() => void)[] = [];
    const tls = { ...server, ca: authority.ca, requestCert: true, rejectUnauthorized: true };
    const http = createServer(tls, ({ socket, method }, response) => {
      names.push(String((socket as TLSSocket).getPeerCertificate().subject.CN));
      const respond = () => void response.writeHead(method === 'GET' ? 204 : 200, { Version: 4 }).end();
      if (method === 'GET') held.push(respond);
      else respond();
    });
    const port = await listening(http);
    const dir = temporaryDirectory();
    const first = await authority.issue('first', 5);
    const cert = new ReplacedFile(dir, 'cert', first.cert);
    const key = new ReplacedFile(dir, 'key', first.key);
    const ca = new ReplacedFile(dir, 'ca', authority.ca);
    const warnings: string[] = [];
    const loads: (readonly CertificateInfo[])[] = [];
    const transport = httpTransport(`https://127.0.0.1:${port}`, {
      ...onlyOnce,
      tls: {
        cert: cert.read,
        key: key.read,
        ca: ca.read,
        warn: (message) => warnings.push(message),
        onLoad: (certificates) => loads.push(certificates),
      },
    });
    const shown = async () => {
      await transport.heartbeat(heartbeat);
      return names.at(-1);
    };
    return { authority, cert, key, ca, transport, names, held, warnings, loads, shown };
  }

  it('are reloaded without a restart; requests under way end on the old connection', async () => {
    const { authority, cert, key, transport, held, names, shown, loads, warnings } = await secured();
    expect(await shown()).toBe('first');
    expect(warnings).toEqual([
      expect.stringMatching(/^TLS certificate CN=first \(cert\) expires at .*; replace it$/),
    ]);
    const polled = transport.poll({ cluster: 'c', version: 4, wait: 60_000 });
    await expect.poll(() => names.length).toBe(2);
    const second = await authority.issue('second');
    cert.write(second.cert);
    key.write(second.key);
    await expect.poll(shown, soon).toBe('second');
    for (const respond of held) respond();
    expect(await polled).toMatchObject({ kind: 'unchanged' });
    expect(loads.at(-1)?.map(({ option, subject }) => [option, subject])).toEqual([
      ['cert', 'CN=second'],
      ['ca', 'CN=authority'],
    ]);
  });

  it.each(['cert', 'key', 'ca'] as const)(
    'a new file for `%s` that cannot be used leaves the old one',
    async (name) => {
      const made = await secured();
      expect(await made.shown()).toBe('first');
      made[name].write('no PEM');
      const reported = async () => {
        expect(await made.shown()).toBe('first');
        return made.warnings.filter((text) => text.startsWith('cannot reload TLS certificates: ')).length;
      };
      await expect.poll(reported, soon).toBe(1);
    },
  );

  it('a new authority is trusted without a restart, and an old one no more', async () => {
    const { ca, shown } = await secured();
    expect(await shown()).toBe('first');
    ca.write((await Authority.create('other')).ca);
    await expect.poll(async () => (await errorOf(shown())) !== undefined, soon).toBe(true);
  });
});

describe('a name with another address (R9)', () => {
  const hosts = ['127.0.0.1', '127.0.0.2'] as const;
  const lookup = dns.lookup;

  /** Resolves `manager.test` to the first host, or to the second after `move`. */
  function resolver() {
    let host: string = hosts[0];
    const own = (name: string, options: dns.LookupOptions, callback: (...args: unknown[]) => void) =>
      name === 'manager.test'
        ? callback(null, ...(options.all ? [[{ address: host, family: 4 }]] : [host, 4]))
        : lookup(name, options, callback as never);
    const spy = vi.spyOn(dns, 'lookup').mockImplementation(own as never);
    onTestFinished(() => void spy.mockRestore());
    return () => {
      host = hosts[1];
    };
  }

  async function moved(atOld: 'answers 503' | 'hangs' | 'breaks the connection') {
    let isMoved = false;
    let polls = 0;
    const old = createHttpServer(({ method, socket }, response) => {
      if (method === 'GET') polls += 1;
      else if (!isMoved) response.writeHead(200).end();
      else if (atOld === 'answers 503') response.writeHead(503).end();
      else if (atOld === 'breaks the connection') socket.destroy();
    });
    const port = await listening(old, hosts[0]);
    let served = 0;
    const next = createHttpServer((_, response) => {
      served += 1;
      response.writeHead(200, { Version: 5 }).end();
    });
    await listening(next, hosts[1], port);
    const move = resolver();
    const transport = httpTransport(`http://manager.test:${port}`, onlyOnce);
    // Several connections are kept: one of them is surely idle when the next request is sent.
    await Promise.all([1, 2, 3].map(() => transport.heartbeat(heartbeat)));
    await transport.heartbeat(heartbeat);
    return {
      transport,
      move: () => {
        isMoved = true;
        move();
      },
      served: () => served,
      polls: () => polls,
    };
  }

  it.each(['answers 503', 'hangs', 'breaks the connection'] as const)(
    'is resolved again by the next attempt when the old one %s',
    async (atOld) => {
      const { transport, move, served } = await moved(atOld);
      move();
      expect(await errorOf(transport.heartbeat(heartbeat, { timeout: 200 }))).toMatchObject({
        retryable: true,
      });
      await transport.heartbeat(heartbeat);
      expect(served()).toBe(1);
    },
  );

  it('is polled there as soon as it responds, not at the end of the hold', async () => {
    const { transport, move, polls } = await moved('hangs');
    const polled = errorOf(transport.poll({ cluster: 'c', version: 4, wait: 300_000 }));
    await expect.poll(polls).toBe(1);
    move();
    expect(await errorOf(transport.heartbeat(heartbeat, { timeout: 200 }))).toMatchObject({
      code: 'TIMEOUT',
    });
    await transport.heartbeat(heartbeat);
    expect(await polled).toMatchObject({ code: 'UNREACHABLE', retryable: true });
  });
});
