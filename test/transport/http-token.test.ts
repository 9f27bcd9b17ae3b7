import { inspect } from 'node:util';
import { HttpTransport, type HttpTransportOptions } from 'clusterflux';
import createDebug from 'debug';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, rawServer } from '../support/raw-server.js';
import { errorOf, httpTransport, onlyOnce, somePush } from '../support/transports.js';

const heartbeat = { cluster: 'c', nodeId: 1 };
const poll = { cluster: 'c', version: 4, wait: 0 };

/** A server that accepts requests with `token`. */
const guarded = (token: string) =>
  rawServer((request, socket) => {
    const isIn = request.headers['authorization'] === `Bearer ${token}`;
    socket.write(isIn ? answer(200, { Version: 5 }, '{"id":1}') : answer(401, {}, 'no'));
  });

const shown = (error: unknown) => inspect(error, { depth: 10, showHidden: true });

describe('a token', () => {
  it('is borne by every request', async () => {
    const server = await guarded('secret-1');
    const transport = httpTransport(server.url, { token: 'secret-1' });
    await transport.register({ cluster: 'c', node: { ip: '', hostname: 'h' } });
    await transport.heartbeat(heartbeat);
    await transport.deregister(heartbeat);
    await transport.push(somePush);
    await transport.poll(poll);
    await errorOf(transport.nodes({ cluster: 'c' }));
    expect(server.requests).toHaveLength(10);
    for (const request of server.requests) expect(request.headers['authorization']).toBe('Bearer secret-1');
  });

  it('of a function is requested before each attempt, so that it may change', async () => {
    const tokens = ['one', 'two', 'three'];
    const server = await rawServer((_, socket, number) => socket.write(answer(number === 1 ? 503 : 200)));
    const transport = httpTransport(server.url, { token: async () => tokens.shift() ?? '' });
    await transport.heartbeat(heartbeat);
    await transport.heartbeat(heartbeat);
    const borne = server.requests.map((request) => request.headers['authorization']);
    expect(borne).toEqual(['Bearer one', 'Bearer two', 'Bearer three']);
  });

  it('that has expired is renewed, and the request made again', async () => {
    const server = await guarded('fresh');
    const refused: (string | undefined)[] = [];
    let current = 'stale';
    const transport = httpTransport(server.url, {
      token: (expired) => {
        refused.push(expired);
        if (expired === current) current = 'fresh';
        return current;
      },
    });
    expect(await transport.push(somePush)).toMatchObject({ kind: 'committed' });
    await transport.heartbeat(heartbeat);
    expect(refused).toEqual([undefined, 'stale', undefined]);
    expect(server.requests).toHaveLength(3);
  });

  it('that cannot be renewed ends in a refusal, without another attempt', async () => {
    const server = await guarded('fresh');
    const transport = httpTransport(server.url, { token: () => 'stale' });
    const error = await errorOf(transport.heartbeat(heartbeat));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  it('whose function fails is requested again, and nothing is sent', async () => {
    const server = await guarded('fresh');
    const cause = new Error('the vault is sealed');
    const token = () => Promise.reject(cause);
    const error = await errorOf(httpTransport(server.url, { token }).push(somePush));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', outcome: 'notApplied', cause });
    expect(server.requests).toEqual([]);
  });

  it.each(['', 'with\nbreak', 'with blank', 'ünicode'])(
    '%j is refused without being shown',
    async (token) => {
      const given = `secret-${token}`;
      const source = token === '' ? '' : given;
      const server = await guarded(given);
      const error = await errorOf(
        (async () => httpTransport(server.url, { token: source }).push(somePush))(),
      );
      expect(error).toMatchObject({ code: 'INVALID_OPTION', outcome: 'notApplied' });
      expect(shown(error)).not.toContain('secret-');
      expect(server.requests).toEqual([]);
    },
  );

  it('does not appear in errors or debug output', async () => {
    const lines: string[] = [];
    const { log } = createDebug;
    createDebug.log = (...args: unknown[]) => void lines.push(inspect(args));
    createDebug.enable('cflux:*');
    onTestFinished(() => {
      createDebug.disable();
      createDebug.log = log;
    });
    const dead = await guarded('x');
    await dead.close();
    const servers = [
      (await guarded('other')).url,
      (await rawServer((_, socket) => socket.write(answer(200)))).url,
      (await rawServer((_, socket) => socket.destroy())).url,
      dead.url,
    ];
    for (const url of servers) {
      const error = await errorOf(httpTransport(url, { token: 'secret-token' }).push(somePush));
      expect(shown(error)).not.toContain('secret-token');
    }
    expect(lines.join('\n')).toContain('POST');
    expect(lines.join('\n')).not.toContain('secret-token');
  });
});

describe('an option that cannot be used', () => {
  const problem = (options: HttpTransportOptions) => {
    try {
      new HttpTransport(options);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    [{ endpoint: 'localhost:8000' }, '"localhost:8000"'],
    [{ endpoint: '/nodes' }, '"/nodes"'],
    [{ endpoint: '' }, '""'],
    [{ endpoint: 'ftp://manager' }, 'http://manager'],
    [{ endpoint: ['http://a:1', 'nonsense'] }, '"nonsense"'],
    [{ endpoint: [] }, 'empty'],
    [{ endpoint: 'http://a:1/?x=1' }, 'must not have a query or fragment'],
    [{ tls: { ca: 'no certificate' } }, 'tls: '],
    [{ tls: { cert: 'x', key: 'y' } }, 'tls: '],
  ])('is named: %j', (options, named) => {
    const error = problem(options);
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(String(error)).toContain(named);
  });

  it('does not show the password of a URL', () => {
    const error = problem({ endpoint: 'http://root:hunter2@manager:8000' });
    expect(error).toMatchObject({ code: 'INVALID_OPTION' });
    expect(shown(error)).not.toContain('hunter2');
  });
});

it('uses the published default endpoint if none is given', () => {
  const transport = new HttpTransport(onlyOnce);
  onTestFinished(() => transport.close());
  expect(transport.endpoint).toBe('http://localhost:8000');
});
