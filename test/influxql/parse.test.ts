import { describe, expect, it } from 'vitest';
import { CfluxError } from '../../src/errors.js';
import { parseStatements } from '../../src/influxql/parse-statements.js';
import { printStatement } from '../../src/influxql/print/print-statement.js';
import { recorded } from './support/fixtures.js';

/** Without the options of 1.12, which the recorded server refused. */
const later = /\b(FUTURE|PAST)\b/i;
const serverPrefix = 'error parsing query: ';

function refusal(text: string): string | undefined {
  try {
    parseStatements(text);
    return undefined;
  } catch (error) {
    if (error instanceof CfluxError) return error.message;
    throw error;
  }
}

/** Of a statement that a server runs only the first words are checked here. */
const hasServerStatement = (text: string) => {
  if (/^SELECT/.test(text)) return true;
  try {
    return parseStatements(text).some(({ statement }) => statement.kind === 'server');
  } catch {
    return false;
  }
};

describe('parsing', () => {
  const parsed = recorded<{ q: string; status: number; body: string }>('parse.jsonl');

  it('accepts what a real server accepts', () => {
    const accepted = parsed.filter(({ q, status }) => status === 200 && !q.includes('\0'));
    const refused = accepted.map(({ q }) => [q, refusal(q.trim())]).filter(([, why]) => why !== undefined);
    expect(refused).toEqual([]);
  });

  it('refuses what a real server refuses, with its text and place', () => {
    const recordedRefusals = parsed.filter(({ q, status }) => status === 400 && !later.test(q));
    const mine = recordedRefusals.filter(({ q }) => !q.includes('\0') && !hasServerStatement(q.trim()));
    const differences = mine
      .map(({ q, body }) => ({
        q,
        real: JSON.parse(body).error,
        ours: `${serverPrefix}${refusal(q.trim())}`,
      }))
      .filter(({ real, ours }) => real !== ours);
    expect(differences).toEqual([]);
    expect(mine.length).toBeGreaterThan(200);
  });
});

it('takes no character for the second half of an operator that it is not', () => {
  for (const sign of '=!<>:') {
    for (let code = 128; code < 512; code++) {
      expect(refusal(`DROP USER u ${sign}${String.fromCharCode(code)}`)).toBe(
        `found ${sign}, expected ; at line 1, char 13`,
      );
    }
  }
});

describe('printing', () => {
  it('splits and prints as a real server does', () => {
    const lines = recorded<{ q: string; statements: string[] }>('canonical.jsonl');
    const differences = lines
      .map(({ q, statements }) => ({ q, statements, ours: printed(q.trim()) }))
      .filter(
        ({ statements, ours }) =>
          ours.some((text, at) => text !== undefined && text !== statements[at]) ||
          ours.length !== statements.length,
      );
    expect(differences).toEqual([]);
  });
});

function printed(text: string): readonly (string | undefined)[] {
  return parseStatements(text).map(({ statement }) =>
    statement.kind === 'server'
      ? undefined
      : printStatement(statement, { numbers: 'threeDecimals', portable: false }),
  );
}
