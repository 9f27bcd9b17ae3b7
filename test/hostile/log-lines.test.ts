import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { jsonLogger } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentLog } from '../../src/cli/agent/agent-log.js';
import { auditLine } from '../../src/cli/audit-line.js';
import { jsonText } from '../../src/cli/json.js';
import { systemClock } from '../../src/clock.js';
import { printable, printableJson } from '../../src/printable.js';
import { bundle } from '../support/bundle.js';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';
import { oddJson, oddText, settings } from './support/fuzz.js';

/** Of each kind of character that a terminal, an editor or a program that reads lines obeys. */
const kinds = [
  ...['\0', '\b', '\t', '\n', '\r', '\x1b', '\x7f', '\x85', '\x9b', '\x9d'],
  ...['\u061c', '\u200b', '\u200e', '\u200f', '\u2028', '\u2029', '\ufeff', '\u00ad', '\u{e0041}'],
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
];
const name = `a${kinds.join('b')}c`;
const obeyed = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

describe('no line of a log holds what a terminal obeys', () => {
  it('R24: printable keeps everything else, and printableJson the document', () => {
    expect(printable('\x9b2J\u202ea\u2028é 漢 😀')).toBe('\\u{9b}2J\\u{202e}a\\u{2028}é 漢 😀');
    fc.assert(
      fc.property(fc.oneof(oddJson, fc.string({ unit: 'binary' }), fc.constant(name)), (value) => {
        const json = JSON.stringify(value);
        expect(JSON.parse(printableJson(json))).toEqual(JSON.parse(json));
        expect(printableJson(json)).not.toMatch(obeyed);
      }),
      settings(3),
    );
  });

  it('R24: of jsonLogger, with the record as it is for the reader of the JSON', () => {
    const lines: string[] = [];
    jsonLogger({ write: (line) => lines.push(line) }).warn(
      { event: 'synced', cluster: name, nodeId: 1 },
      name,
    );
    const [line = ''] = lines;
    expect(line.slice(0, -1)).not.toMatch(obeyed);
    expect(JSON.parse(line)).toMatchObject({ cluster: name, message: name });
  });

  it('R24: of an agent, for people and for programs', () => {
    const lines: string[] = [];
    for (const json of [false, true])
      new AgentLog((line) => lines.push(line), { json, clock: systemClock }).notify('done', name, { name });
    for (const line of lines) expect(line).not.toMatch(obeyed);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ text: name, name });
  });

  it('R24: of the audit log of a manager, which stays one line for each change', () => {
    fc.assert(
      fc.property(fc.oneof(oddText, fc.constant(name)), (text) => {
        expect(auditLine({ action: 'push', cluster: text, author: text, remote: text }, 0)).not.toMatch(
          obeyed,
        );
      }),
      settings(),
    );
  });

  it('R24: of the log for developers, which DEBUG switches on', { timeout: 60_000 }, async () => {
    const program = await bundle(fileURLToPath(new URL('./programs/debug-lines.ts', import.meta.url)));
    const env = { ...process.env, DEBUG: 'cflux:*', DEBUG_COLORS: 'no' };
    const child = spawn(process.execPath, [program, name.replaceAll('\0', '')], { env });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(out).toBe('ready\n');
    const lines = err.split('\n');
    for (const line of lines) expect(line).not.toMatch(obeyed);
    const namespaces = new Set(lines.map((line) => /cflux:\w+/.exec(line)?.[0]));
    for (const namespace of ['cflux:client', 'cflux:transport', 'cflux:influxdb', 'cflux:mirror'])
      expect([...namespaces]).toContain(namespace);
    for (const escaped of ['\\u{9b}', '\\u{202e}', '\\u{2028}', '\\u{7f}']) expect(err).toContain(escaped);
  });

  it('R24: of cflux, in tables and in JSON, whatever a cluster or a node is called', async () => {
    const { url, manager } = await serve();
    const cluster = name.replaceAll('\0', '');
    await manager.push({ cluster, version: 0, snapshot: Buffer.from('x'), mutation: 'm' });
    await manager.register(cluster, { ip: name, hostname: name, bindAddress: name });
    const env = { CFLUX_ENDPOINT: url };
    for (const args of [
      ['clusters'],
      ['status'],
      ['nodes'],
      ['nodes', cluster],
      ['history', cluster],
      ['show', cluster],
    ])
      for (const json of [[], ['--json']]) {
        const { out, err } = await cflux([...args, ...json], { env });
        expect(`${out}${err}`.replaceAll('\n', ''), args[0]).not.toMatch(obeyed);
      }
    const listed = await cflux(['nodes', cluster, '--json'], { env });
    expect(JSON.parse(listed.out)).toMatchObject([{ hostname: name }]);
    expect(jsonText({ name })).not.toContain('\u009b');
  });
});
