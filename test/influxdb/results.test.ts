import { formatDuration } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readError, readResults } from '../../src/influxdb/connect/influx-results.js';
import { parseLosslessJson } from '../../src/influxdb/connect/lossless-json.js';
import { secretStatementError, statementError } from '../../src/influxdb/connect/statement-error.js';
import { parseGoDuration } from '../../src/influxdb/read/go-duration.js';

/** As JSON.parse would have rounded it. */
function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withoutBigints);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBigints(inner)]));
}

describe('parseLosslessJson', () => {
  it('keeps every integer, and reads everything else as JSON.parse does', () => {
    expect(parseLosslessJson('[18446744073709551001,-9223372036854775808,9007199254740991]')).toEqual([
      18446744073709551001n,
      -9223372036854775808n,
      9007199254740991,
    ]);
    expect(parseLosslessJson('{"id":18446744073709551001,"a":"\\"18446744073709551001"}')).toEqual({
      id: 18446744073709551001n,
      a: '"18446744073709551001',
    });
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(withoutBigints(parseLosslessJson(text))).toEqual(JSON.parse(text));
      }),
    );
    const unsigned = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    fc.assert(
      fc.property(unsigned, fc.string(), (ids, name) => {
        const text = `{"name":${JSON.stringify(`${name}bigint 0: ${ids[0]}`)},"ids":[${ids.join()}]}`;
        const parsed = parseLosslessJson(text) as { name: string; ids: (number | bigint)[] };
        expect(parsed.ids.map(BigInt)).toEqual(ids);
        expect(parsed.name).toBe(`${name}bigint 0: ${ids[0]}`);
      }),
    );
    expect(() => parseLosslessJson('{"a":')).toThrow(SyntaxError);
  });
});

describe('parseGoDuration', () => {
  it('reads what Go prints', () => {
    expect(['0s', '168h0m0s', '1h0m0.000000001s', '1.5µs', '-1m0s'].map(parseGoDuration)).toEqual([
      0n,
      604_800_000_000_000n,
      3_600_000_000_001n,
      1_500n,
      -60_000_000_000n,
    ]);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (nanoseconds) => {
        expect(parseGoDuration(formatDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
    for (const text of ['', '7d', '1h 2m', 'h', '1.s', '9999999999h', `${'9'.repeat(1e5)}ns`])
      expect(() => parseGoDuration(text)).toThrow('unknown duration');
  });
});

describe('readAnswers', () => {
  const line = (results: unknown[]) => JSON.stringify({ results });

  it('joins the parts of a chunked response', () => {
    const columns = ['name'];
    const pieces = [
      line([
        { statement_id: 0, series: [{ name: 'd', columns, values: [['a']], partial: true }], partial: true },
      ]),
      line([{ statement_id: 0, series: [{ name: 'd', columns, values: [['b']] }] }]),
      line([{ statement_id: 1, series: [{ columns }] }]),
    ];
    expect(readResults(pieces.join('\n'), 2)).toEqual([
      { series: [{ name: 'd', tags: {}, columns, values: [['a'], ['b']] }] },
      { series: [{ name: '', tags: {}, columns, values: [] }] },
    ]);
  });

  it('keeps the first error of a statement, which InfluxDB overwrites', () => {
    const lines = [
      line([{ statement_id: 0, error: 'database not found: x' }]),
      line([{ statement_id: 0, error: 'not executed' }]),
    ];
    const failed = { series: [], error: 'database not found: x' };
    expect(readResults(lines.join('\n'), 1)).toEqual([failed]);
    // The statements after it have no results.
    expect(readResults(lines.join('\n'), 3)).toEqual([failed]);
  });

  it('refuses a response that a limit of the server cut short', () => {
    const columns = ['name'];
    const cut = line([{ statement_id: 0, series: [{ name: 'd', columns, values: [['a']], partial: true }] }]);
    expect(() => readResults(cut, 1)).toThrow('truncated its response');
  });

  it('refuses a body without results', () => {
    for (const text of [
      '<html>',
      '{"results":[{}]}',
      '{"error":"x"}',
      '{"results":[{"statement_id":1e9}]}',
      '{"results":[{"statement_id":0.5}]}',
      '{"results":[{"statement_id":-1}]}',
      '{"results":[{"statement_id":"0"}]}',
      '{"results":[{"statement_id":99999999999999999999}]}',
    ]) {
      expect(() => readResults(text, 1), text).toThrow(expect.objectContaining({ code: 'BAD_ANSWER' }));
    }
    expect([readError('{"error":"x"}'), readError('<html>'), readError('[]')]).toEqual([
      'x',
      undefined,
      undefined,
    ]);
  });
});

describe('readAnswers with fewer results than statements', () => {
  const result = (id: number) => JSON.stringify({ results: [{ statement_id: id }] });
  const short: [what: string, body: string, count: number][] = [
    ['an empty body', '', 1],
    ['blank lines', ' \n\n', 1],
    ['no results', '{"results":[]}', 1],
    ['an empty object', '{}', 1],
    ['null', 'null', 1],
    ['the last one missing', result(0), 2],
    ['the first one missing', result(1), 2],
    ['one in the middle missing', `${result(0)}\n${result(2)}`, 3],
  ];
  it.each(short)('%s: R34: is refused', (_what, body, count) => {
    expect(() => readResults(body, count)).toThrow(
      expect.objectContaining({ code: 'BAD_ANSWER', retryable: true }),
    );
  });

  it('keeps series with other tags apart', () => {
    const series = [1, 2].map((id) => ({
      name: 'shard',
      tags: { id: `${id}` },
      columns: ['v'],
      values: [[id]],
    }));
    expect(readResults(JSON.stringify({ results: [{ statement_id: 0, series }] }), 1)).toEqual([{ series }]);
  });
});

describe('statementError', () => {
  it('is a refusal with the text of InfluxDB if the text is known to be about the statement', () => {
    expect(statementError('database not found: a: b')).toMatchObject({
      code: 'DATABASE_NOT_FOUND',
      message: 'database not found: a: b',
      retryable: false,
      outcome: 'notApplied',
    });
  });

  it('is trouble of the server otherwise, and repeats no unknown text of a statement with a password', () => {
    const unavailable = { code: 'UNAVAILABLE', retryable: true, status: 200 };
    expect(statementError('something new')).toMatchObject({ ...unavailable, message: 'something new' });
    expect(secretStatementError('something new of Secr3t')).toMatchObject(unavailable);
    expect(secretStatementError('something new of Secr3t').message).not.toContain('Secr3t');
    expect(secretStatementError('error parsing query: found Secr3t')).toMatchObject({
      code: 'STATEMENT_REFUSED',
      message: expect.not.stringContaining('Secr3t'),
    });
  });
});
