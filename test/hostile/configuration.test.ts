import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, isCfluxError, LocalMetaClient, loadConfig } from 'clusterflux';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseLegacyNodeId, parseNodeRecord } from '../../src/client/local/node-record.js';
import { systemClock } from '../../src/clock.js';
import { TokenFile } from '../../src/manager/http/token-file.js';
import { cflux } from '../support/fake-terminal.js';
import { answer, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';
import { oddJson, oddNumber, oddText, settings } from './support/fuzz.js';

const dir = mkdtempSync(join(tmpdir(), 'cflux-hostile-'));
const file = join(dir, 'file.toml');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The result of `attempt`; a coded error is a result too, any other error is a fault. */
async function orError<T>(code: string, attempt: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (!isCfluxError(error)) throw error;
    expect(error.code).toBe(code);
    return undefined;
  }
}

const key = fc.oneof(
  fc.constantFrom(
    ...[
      'dir',
      'clusterflux-endpoint',
      'cluster-name',
      'bind-address',
      'token',
      'heartbeat-interval',
      'poll-wait',
    ],
    ...[
      'mutation-timeout',
      'max-backups',
      'start-offline',
      'reads',
      '[clusterflux]',
      '[[clusterflux]]',
      '[[token]]',
      'name',
      'scopes',
    ],
  ),
  oddText,
);
const tomlValue = fc.oneof(
  fc.constantFrom(
    ...[
      '"x"',
      '""',
      '5000',
      '-1',
      'inf',
      'nan',
      '1e400',
      'true',
      '[]',
      '["read"]',
      '{ a = 1 }',
      '1979-05-27',
      '0x10',
    ],
    ...[
      '"http://localhost:8000"',
      '"http://user:pass@h"',
      "'ftp://x'",
      '"""',
      '"\\u0000"',
      '[[',
      '9223372036854775808',
    ],
  ),
  oddText.map((text) => JSON.stringify(text)),
  oddText,
);
const toml = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.tuple(key, tomlValue).map(([k, v]) => `${k} = ${v}`) },
      { weight: 2, arbitrary: key },
    ),
    {
      maxLength: 8,
    },
  )
  .map((lines) => ['[clusterflux]', ...lines].join('\n'));

const variables = fc.constantFrom(
  ...[
    'CLUSTER',
    'CFLUX_ENDPOINT',
    'CFLUX_TOKEN',
    'INFLUXDB_CLUSTERFLUX_DIR',
    'INFLUXDB_CLUSTERFLUX_CLUSTER_NAME',
  ],
  ...[
    'INFLUXDB_CLUSTERFLUX_BIND_ADDRESS',
    'INFLUXDB_CLUSTERFLUX_CLUSTERFLUX_ENDPOINT',
    'CFLUX_HEARTBEAT_INTERVAL',
    'CFLUX_MAX_BACKUPS',
  ],
  ...['CFLUX_POLL_WAIT', 'CFLUX_MUTATION_TIMEOUT', 'CFLUX_START_OFFLINE'],
);
const word = fc.oneof(
  fc.constantFrom(
    ...[
      '--cluster',
      '--endpoint',
      '--endpoint=http://h',
      '--token',
      '--poll-wait=1h',
      '--start-offline',
      '--',
      '-',
    ],
    ...['--heartbeat-interval=0', '--reads', 'accepted', '--dir', '--cluster=', '5s', '1e9'],
  ),
  oddText,
);

describe('hostile configuration', () => {
  it('R24: files, variables and arguments give options that a client accepts, or an error that names the wrong one', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        toml,
        fc.dictionary(variables, oddText),
        fc.array(word, { maxLength: 6 }),
        async (text, env, argv) => {
          writeFileSync(file, text);
          const options = await orError('INVALID_OPTION', () => loadConfig({ file, env, argv }));
          if (options === undefined) return;
          const client = await orError(
            'INVALID_OPTION',
            () => new CfluxClient(new LocalMetaClient(), options),
          );
          if (client === undefined) return;
          taken += 1;
          await client.close();
        },
      ),
      settings(3),
    );
    expect(taken).toBeGreaterThan(0);
  });

  it('R24: bytes that are no text are no configuration', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(file, bytes);
        await orError('INVALID_OPTION', () => loadConfig({ file, env: {}, argv: [] }));
        await orError('INVALID_OPTION', () => TokenFile.open(file, systemClock, () => {}));
      }),
      settings(),
    );
  });

  it('R24: a token file lets in whom it names, or is refused with its name', async () => {
    const entry = fc
      .record(
        {
          name: tomlValue,
          token: tomlValue,
          sha256: tomlValue,
          scopes: tomlValue,
          cluster: tomlValue,
          other: tomlValue,
        },
        { requiredKeys: [] },
      )
      .map((fields) => ['[[token]]', ...Object.entries(fields).map(([k, v]) => `${k} = ${v}`)].join('\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 4 }), fc.string(), async (entries, shown) => {
        writeFileSync(file, entries.join('\n'));
        const tokens = await orError('INVALID_OPTION', () => TokenFile.open(file, systemClock, () => {}));
        if (tokens === undefined) return;
        expect(await tokens.find(shown)).toBeUndefined();
        expect(await tokens.find('')).toBeUndefined();
      }),
      settings(),
    );
  });

  it("R11: a node's record that was damaged is refused by name, or read as far as it makes sense", () => {
    const fields = fc.record(
      {
        format: oddJson,
        cluster: oddJson,
        nodeId: fc.oneof(oddNumber, oddJson),
        clusterId: fc.oneof(fc.bigInt().map(String), oddJson),
        version: fc.oneof(oddNumber, oddJson),
        epoch: oddJson,
        mutation: oddJson,
        digest: oddJson,
        previous: oddJson,
      },
      { requiredKeys: ['cluster'] },
    );
    const text = fc.oneof(
      fields.map((record) => JSON.stringify({ ...record, cluster: 'c' })),
      fields.map((record) => JSON.stringify(record)),
      fc.tuple(fields, fc.nat(200)).map(([record, cut]) => JSON.stringify(record).slice(0, cut)),
      oddText,
    );
    let read = 0;
    fc.assert(
      fc.property(text, (content) => {
        for (const parse of [parseNodeRecord, parseLegacyNodeId]) {
          try {
            const parsed = parse(content, 'cflux.json');
            if (typeof parsed !== 'object') continue;
            read += 1;
            expect(typeof parsed.cluster).toBe('string');
            if (parsed.nodeId !== undefined) expect(Number.isSafeInteger(parsed.nodeId)).toBe(true);
            if (parsed.metadata !== undefined)
              expect(Number.isSafeInteger(parsed.metadata.version)).toBe(true);
          } catch (error) {
            expect(error).toMatchObject({
              code: 'STORAGE_FAILED',
              message: expect.stringMatching(/^cflux\.json: /),
            });
          }
        }
      }),
      settings(3),
    );
    expect(read).toBeGreaterThan(0);
  });
});

// Those that serve, and those that query an InfluxDB server, are configured by flags only.
const commands = [
  'status',
  'clusters',
  'nodes',
  'history',
  'show',
  'diff',
  'rollback',
  'export',
  'import',
  'remove-node',
  'delete-cluster',
];
/** What a terminal obeys. */
const obeyed = /(?!\n)[\p{Cc}\p{Cf}]/u;
const fault = /undefined|\[object|NaN|TypeError|Cannot read|is not a function|at .*\.ts:/;

describe('a hostile command line', () => {
  it('R24: whatever the arguments are, cflux reports what is wrong and ends with one of its exit codes', async () => {
    const { url, manager } = await serve();
    const argument = fc.oneof(
      fc.constantFrom(
        'prod',
        '1',
        '0',
        '-1',
        '--json',
        '--yes',
        '--all',
        '--out',
        '--force',
        '--help',
        '--token-file',
        file,
        '-',
      ),
      oddText,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...commands, 'manager', 'agent', 'stats', ''),
        fc.array(argument, { maxLength: 4 }),
        async (command, words) => {
          // A file that is made is made in the test's own directory.
          const args = [
            command,
            ...words.map((each) => (each.startsWith('/') ? each : each.replaceAll('/', '_'))),
          ];
          // What would serve ends at once for want of a file.
          if (command === 'manager')
            args.push('--memory', '--listen', '127.0.0.1:0', '--tokens', join(dir, 'none.toml'));
          if (command === 'agent') args.push('--max-drops', 'none');
          const here = process.cwd();
          process.chdir(dir);
          try {
            const { code, err } = await cflux(args, { env: { CFLUX_ENDPOINT: url } });
            expect(code, args.join(' ')).toBeGreaterThanOrEqual(0);
            expect(code).toBeLessThanOrEqual(6);
            if (code !== 0) expect(err.length, args.join(' ')).toBeGreaterThan(5);
          } finally {
            process.chdir(here);
          }
        },
      ),
      settings(1),
    );
    expect(manager.lastError).toBeUndefined();
  });

  it('R24: whatever a manager responds, cflux prints it as text, or reports that it is not a manager; no escape sequence is printed', async () => {
    const record = fc.record(
      {
        version: fc.oneof(fc.nat(), oddJson),
        mutation: fc.oneof(fc.string(), oddJson),
        at: fc.oneof(fc.nat(), oddNumber, oddJson),
        size: fc.oneof(fc.nat(), oddNumber),
        nodeId: fc.oneof(fc.nat(), oddJson),
        author: fc.oneof(fc.string(), oddJson),
        cluster: fc.oneof(oddText, oddJson),
        epoch: oddText,
        nodes: fc.oneof(fc.nat(), oddJson),
        alive: fc.oneof(fc.nat(), fc.boolean(), oddJson),
        id: fc.oneof(fc.nat(), oddJson),
        ip: oddText,
        hostname: oddText,
        bindAddress: oddText,
      },
      { requiredKeys: ['version', 'at', 'size', 'mutation', 'cluster', 'epoch', 'nodes', 'alive'] },
    );
    const list = fc.array(record, { maxLength: 3 });
    const shown = fc.oneof(
      list,
      fc.record({ cflux: list, influx: list }),
      fc.record({ code: oddJson, detail: oddJson }),
      oddJson,
    );
    let body = '';
    let status = 200;
    const server = await rawServer(({ path }, socket) => {
      if (path === '/ready') socket.write(answer(200, {}, 'ready\n'));
      else
        socket.write(
          answer(
            status,
            { 'Content-Type': status === 200 ? 'application/json' : 'application/problem+json' },
            body,
          ),
        );
    });
    const command = fc.constantFrom<string[]>(
      ['status'],
      ['clusters'],
      ['nodes'],
      ['nodes', 'c'],
      ['history', 'c'],
      ['status', '--json'],
    );
    let fine = 0;
    await fc.assert(
      fc.asyncProperty(
        shown,
        command,
        fc.constantFrom(200, 200, 200, 404, 418),
        async (json, args, answered) => {
          body = JSON.stringify(json) ?? '';
          status = answered;
          const { code, out, err } = await cflux(args, { env: { CFLUX_ENDPOINT: server.url } });
          if (code === 0) fine += 1;
          expect(code).toBeLessThanOrEqual(6);
          if (!args.includes('--json')) expect(out).not.toMatch(obeyed);
          expect(err).not.toMatch(obeyed);
          if (code !== 0 && answered === 200) expect(err).not.toMatch(fault);
        },
      ),
      // This input certainly succeeds, which random ones rarely do.
      { ...settings(1), examples: [[[], ['nodes', 'c'], 200]] },
    );
    expect(fine).toBeGreaterThan(0);
  });
});
