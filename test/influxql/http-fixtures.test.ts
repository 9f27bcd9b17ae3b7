import { describe, expect, it } from 'vitest';
import { executeQuery, formatCsv, formatResponse, parseStatements } from '../../src/influxql/index.js';
import { recorded } from './support/fixtures.js';
import { LocalTarget } from './support/target.js';

interface Exchange {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
  readonly answer?: string;
}

const isForm = (headers: Exchange['headers'] = {}) =>
  Object.entries(headers).some(
    ([name, value]) =>
      name.toLowerCase() === 'content-type' && value.startsWith('application/x-www-form-urlencoded'),
  );

/** The parameters of a request whose text a cluster executes whole; `undefined` for one that concerns HTTP only. */
function queryOf({ method, path, headers, body, status, answer }: Exchange): URLSearchParams | undefined {
  if (!path.startsWith('/query?') && path !== '/query') return undefined;
  const parameters = new URLSearchParams(path.slice('/query?'.length));
  if (method === 'POST' && isForm(headers)) {
    for (const [name, value] of new URLSearchParams(body ?? '')) parameters.set(name, value);
  }
  const text = parameters.get('q') ?? '';
  const asks = ['params', 'chunked', 'async'].some((name) => parameters.has(name));
  if (text === '' || asks || answer === undefined || (status !== 200 && status !== 400)) return undefined;
  try {
    return parseStatements(text).every(({ statement }) => statement.kind !== 'server')
      ? parameters
      : undefined;
  } catch {
    return parameters;
  }
}

/** InfluxDB hides the error of a statement among several, and leaves those behind it out. */
const ofOneStatement = (text: string) => {
  try {
    return parseStatements(text).length < 2;
  } catch {
    return true;
  }
};

/** Which of several values of a parameter counts, and from where, is a matter of HTTP. */
const concernsHttp = ({ name, answer }: Exchange) =>
  name === 'pretty in form' || name === 'q twice' || answer?.includes('missing required parameter');

const exchanges = recorded<Exchange>('http.jsonl').flatMap((exchange) => {
  const parameters = queryOf(exchange);
  const text = parameters?.get('q') ?? '';
  if (
    parameters === undefined ||
    concernsHttp(exchange) ||
    (!ofOneStatement(text) && exchange.answer?.includes('"error"'))
  )
    return [];
  return [{ ...exchange, parameters, text }];
});

describe('responses that a real server gave over HTTP', () => {
  it('are those of a cluster, byte for byte', async () => {
    expect(exchanges.length).toBeGreaterThan(30);
    const target = new LocalTarget();
    await target.meta.createDatabase('d');
    const odd: unknown[] = [];
    for (const { name, method, parameters, headers = {}, text, answer } of exchanges) {
      const database = parameters.get('db');
      const response = await executeQuery(target, text, {
        readOnly: method === 'GET',
        ...(database === null ? {} : { database }),
      });
      const accept = headers['Accept'];
      const given =
        accept === 'application/csv' || accept === 'text/csv'
          ? formatCsv(response)
          : `${formatResponse(response, parameters.get('pretty') === 'true')}\n`;
      // In CSV, InfluxDB shows the head of the column in place of a whole number.
      const expected = answer?.replace(',replicaN,true\n', ',1,true\n');
      if (given !== expected) odd.push({ name, text, given, expected });
    }
    expect(odd).toEqual([]);
  });
});
