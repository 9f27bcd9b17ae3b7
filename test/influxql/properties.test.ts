import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isCfluxError } from '../../src/errors.js';
import { continuousQueryText } from '../../src/influxql/continuous-query-text.js';
import { Lexer } from '../../src/influxql/lexer.js';
import { parseStatements } from '../../src/influxql/parse-statements.js';
import { printStatement } from '../../src/influxql/print/print-statement.js';
import { sameQueryText } from '../../src/influxql/same-query-text.js';
import { splitStatements } from '../../src/influxql/split-statements.js';
import type { PlacedStatement } from '../../src/influxql/statement.js';
import { LocalMetaClient } from '../../src/meta/local-meta-client.js';
import { hostileText } from './support/hostile-text.js';

/** The statements of a text, or `undefined` for one that is refused; any other error fails the test. */
function parsed(text: string, parameters = {}): readonly PlacedStatement[] | undefined {
  try {
    return parseStatements(text, parameters);
  } catch (error) {
    if (isCfluxError(error, 'INFLUXQL_SYNTAX')) return undefined;
    throw error;
  }
}

const anyName = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .filter((name) => !/[\r\0\p{Surrogate}]/u.test(name));
const traps = fc.constantFrom(
  '"',
  '\\',
  '\n',
  `'; DROP DATABASE d --`,
  '" ; x',
  'select',
  '*/',
  '/',
  'a b',
  '',
);
const name = fc.oneof(
  anyName,
  traps,
  fc.tuple(anyName, traps).map(([a, b]) => a + b),
);
const quoted = (text: string, quote: string) =>
  quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n') + quote;

describe('any text', () => {
  it('is split at places where no token is cut, and nothing but separators is left out', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: 'binary' })), (text) => {
        let end = 0;
        for (const slice of splitStatements(text)) {
          expect(splitStatements(text.slice(end, slice.start))).toEqual([]);
          expect(splitStatements(text.slice(slice.start, slice.end))).toHaveLength(1);
          expect(slice.end).toBeGreaterThan(slice.start);
          end = slice.end;
        }
        expect(splitStatements(text.slice(end))).toEqual([]);
      }),
    );
  });

  it('that is parsed has the statements that it is split into', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const statements = parsed(text);
        if (statements === undefined) return;
        expect(statements.map(({ start, end }) => ({ start, end }))).toEqual(splitStatements(text));
      }),
    );
  });

  it('that is parsed and printed is parsed as the same statement', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const { statement } of parsed(text) ?? []) {
          if (
            statement.kind === 'server' ||
            statement.kind === 'createUser' ||
            statement.kind === 'setPassword'
          )
            continue;
          if (statement.kind === 'createContinuousQuery') continue;
          // Options that mean nothing are not printed: without any other, the word WITH stays alone, as a server prints it.
          const once = printStatement(statement);
          if (once.endsWith(' WITH') || (once.startsWith('CREATE DATABASE') && once.includes('.'))) continue;
          const [again, ...others] = parseStatements(once);
          expect(others).toEqual([]);
          expect(
            again?.statement.kind === 'server' ? '' : printStatement(again?.statement ?? statement),
          ).toBe(once);
        }
      }),
    );
  });

  it('is read in a number of steps that grows as it does', () => {
    const steps = (text: string) => {
      const next = vi.spyOn(Lexer.prototype, 'next');
      const regex = vi.spyOn(Lexer.prototype, 'regex');
      splitStatements(text);
      parsed(text);
      return next.mock.calls.length + regex.mock.calls.length;
    };
    for (const piece of [
      '/',
      '"',
      "'",
      '(',
      '-(',
      ';',
      '/*',
      '--',
      'SELECT v FROM m;',
      'CREATE DATABASE a;',
      '$',
      '\\',
      '1',
      '.',
    ]) {
      vi.restoreAllMocks();
      expect(steps(piece.repeat(2_000))).toBeLessThan(4 * piece.length * 2_000 + 20);
    }
  });

  afterEach(() => void vi.restoreAllMocks());
});

it('a statement ends with its last token, however many comments follow', () => {
  for (const tail of [
    '',
    ' -- c',
    ' /* a */ /* b */ -- c',
    '\n/* ; */ ; ',
    ' /* a */ /* b */; SELECT v FROM m',
  ]) {
    const [first] = parseStatements(`DROP USER u${tail}`);
    expect(first).toMatchObject({ start: 0, end: 'DROP USER u'.length });
  }
});

describe('a hostile name', () => {
  it('in quotes stays one name, in every kind of statement', () => {
    fc.assert(
      fc.property(name, (text) => {
        const identifier = quoted(text, '"');
        const string = quoted(text, "'");
        const statements = [
          `DROP DATABASE ${identifier}`,
          `CREATE RETENTION POLICY ${identifier} ON ${identifier} DURATION 1h REPLICATION 1`,
          `GRANT READ ON ${identifier} TO ${identifier}`,
          `DROP SUBSCRIPTION ${identifier} ON ${identifier}.${identifier}`,
          `CREATE SUBSCRIPTION ${identifier} ON d.r DESTINATIONS ALL ${string}`,
        ];
        for (const statement of statements) {
          const [placed, ...others] = parseStatements(statement);
          expect(others).toEqual([]);
          if (placed === undefined || placed.statement.kind === 'server') throw new Error('not parsed');
          const [again, ...more] = parseStatements(printStatement(placed.statement));
          expect(more).toEqual([]);
          expect(again?.statement).toEqual(placed.statement);
        }
      }),
    );
  });

  it('as a bound parameter never changes which statements a text has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = 'CREATE USER $name WITH PASSWORD $password; DROP USER $name';
        const statements = parseStatements(text, { name: { identifier: value }, password: value });
        expect(statements.map(({ statement }) => statement)).toEqual([
          { kind: 'createUser', name: value, password: value, admin: false },
          { kind: 'dropUser', name: value },
        ]);
      }),
    );
  });
});

describe('a stored continuous query', () => {
  const meta = new LocalMetaClient();

  it('is one statement of its own name, is stored unchanged when it is created again, and equals what it was written as', async () => {
    if (meta.databases().length === 0) {
      await meta.createDatabase('d');
      await meta.createRetentionPolicy('d', { name: 'r' }, false);
    }
    const expression = fc.oneof(
      name.map((text) => quoted(text, '"')),
      fc.constantFrom(
        'mean(v)',
        '-v',
        '1.50',
        '+2',
        '(a + b) * 3',
        "'it\\'s'",
        '*',
        'count(distinct v)',
        'top(v, h, 3)',
        '1h30m',
      ),
      name.map((text) => `DISTINCT ${quoted(text, '"')}`),
      name.map((text) => `${quoted(text, '"')}(v)`),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }).map((value) => value.toFixed(5)),
    );
    const query = fc
      .tuple(
        expression,
        name,
        fc.oneof(
          fc.constant('y'),
          fc.constant('r./a;\\/b/'),
          name.map((text) => quoted(text, '"')),
        ),
        expression,
      )
      .map(
        ([field, target, source, value]) =>
          `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT ${field} INTO ${quoted(target, '"')} FROM ${source} WHERE a = ${value} GROUP BY time(5m) END`,
      );
    fc.assert(
      fc.property(query, (text) => {
        const [placed] = parsed(text) ?? [];
        if (placed?.statement.kind !== 'createContinuousQuery') return;
        let stored: string;
        try {
          stored = continuousQueryText(placed.statement, meta.data());
        } catch (error) {
          expect(isCfluxError(error, 'STATEMENT_REFUSED')).toBe(true);
          return;
        }
        expect(splitStatements(stored)).toHaveLength(1);
        const [again] = parseStatements(stored);
        if (again?.statement.kind !== 'createContinuousQuery') throw new Error('not a continuous query');
        expect([again.statement.name, again.statement.database]).toEqual(['c', 'd']);
        expect(continuousQueryText(again.statement, meta.data())).toBe(stored);
        const rounded = continuousQueryText(
          placed.statement,
          meta.data(),
          {},
          { numbers: 'threeDecimals', portable: false },
        );
        expect(sameQueryText(stored, rounded, 'threeDecimals')).toBe(true);
      }),
    );
  });
});

it('a text that is nested too deeply is refused', () => {
  const nested = (open: string, close: string) =>
    `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT ${open.repeat(100_000)}v${close.repeat(100_000)} INTO x FROM y END`;
  const deep = `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT v INTO x FROM ${'(SELECT v FROM '.repeat(100_000)}y END`;
  for (const text of [nested('(', ')'), nested('-(', ')'), nested('f(', ')'), nested('f(1, ', ')'), deep]) {
    expect(() => parseStatements(text)).toThrow(/nested more than 200 levels deep/);
  }
});
