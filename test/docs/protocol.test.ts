import { describe, expect, it } from 'vitest';
import { scopes } from '../../src/manager/http/scopes.js';
import { headers } from '../../src/protocol/headers.js';
import { paths } from '../../src/protocol/routes.js';
import { serve } from '../support/serve.js';
import { type HttpExample, httpExamples, Placeholders } from './http-examples.js';
import { namesIn, rowsOf, section, textOf } from './markdown.js';

const page = textOf('docs/protocol.md');
const examples = httpExamples(page);

/** Sends the request of an example and compares what comes back with its response. */
async function check(
  { request, response, encoding }: HttpExample,
  url: string,
  words: Placeholders,
): Promise<void> {
  const filled = Object.entries(request.headers).map(([name, value]) => [name, words.fill(value)]);
  const answer = await fetch(`${url}${words.fill(request.target)}`, {
    method: request.method,
    headers: Object.fromEntries(filled),
    ...(request.body === '' ? {} : { body: Buffer.from(words.fill(request.body), encoding) }),
  });
  expect(answer.status).toBe(response.status);
  for (const [name, expected] of Object.entries(response.headers)) {
    const actual = answer.headers.get(name) ?? '';
    expect(words.match(expected, actual), `${name}: ${actual}`).toBe(true);
  }
  const body = Buffer.from(await answer.arrayBuffer())
    .toString(encoding)
    .trimEnd();
  if (response.body !== '') expect(words.match(response.body, body), body).toBe(true);
}

describe('docs/protocol.md', () => {
  it('its examples are what a real manager does', async () => {
    const { url } = await serve();
    const words = new Placeholders();
    expect(examples.length).toBeGreaterThan(10);
    for (const example of examples) {
      await check(example, url, words).catch((error: unknown) => {
        throw new Error(`docs/protocol.md:${example.line}`, { cause: error });
      });
    }
  });

  it('names every header of the code', () => {
    const rows = rowsOf(section(page, '## Additions, header by header'));
    const named = rows.flatMap(([cell]) => namesIn(cell)).map((name) => name.split(':')[0]);
    expect(
      Object.values(headers).filter((name) => name !== headers.version && !named.includes(name)),
    ).toEqual([]);
  });

  it('describes every scope of the code', () => {
    const named = rowsOf(section(page, '## Scopes')).flatMap(([cell]) => namesIn(cell));
    expect(named).toEqual([...scopes]);
  });

  it('its table of routes is complete, and names the scopes that open each', async () => {
    const rows = rowsOf(section(page, '## Routes'));
    const routes = rows.flatMap(([names = '', , scopes = '']) =>
      namesIn(names).map((route) => ({ route, scopes: namesIn(scopes) })),
    );
    const tokens = scopes.map((scope) => ({
      name: scope,
      token: `token-of-${scope}`.padEnd(32, 'x'),
      scopes: [scope],
    }));
    const { url } = await serve({}, { tokens });
    for (const { route, scopes: listed } of routes) {
      const [method = '', template = ''] = route.split(' ');
      const target = template.replace('{cluster}', 'c').replace(/\{\w+\}/, '1');
      const statusWith = async (headers: Record<string, string>) => {
        const wait = { Prefer: 'wait=0', ...headers };
        return (await fetch(`${url}${target}`, { method, headers: wait })).status;
      };
      expect(await statusWith({}), `${route} without a token`).toBe(listed.length === 0 ? 200 : 401);
      for (const { name, token } of tokens) {
        const isOpen = listed.length === 0 || listed.includes(name) || name === 'admin';
        const status = await statusWith({ Authorization: `Bearer ${token}` });
        expect(status === 403, `${route} with scope ${name}: ${status}`).toBe(!isOpen);
      }
    }
    const shape = (target = '') => target.replace('{cluster}', 'x').replace(/\{\w+\}/, '1');
    const listed = routes.map(({ route }) => shape(route.split(' ')[1]));
    const { activity, ...ofNames } = paths;
    const known = [activity(1), ...Object.values(ofNames).map((path) => path('x', 1))];
    expect(known.filter((path) => !listed.includes(path))).toEqual([]);
  });
});
