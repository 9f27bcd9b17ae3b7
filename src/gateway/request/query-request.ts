import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { trimQuery } from '../../influxql/trim-query.js';
import type { Framing } from '../proxy/request-framing.js';
import { readBody } from './read-body.js';
import { decodeUtf8, parseUrlValues, type UrlValues } from './url-values.js';

/** A request to `/query` as the server reads it. */
export interface QueryRequest {
  /** The statements; `undefined` if there are none, which the server refuses. */
  readonly text: string | undefined;
  /** All parameters: of the form before those of the URL. */
  readonly values: UrlValues;
  /** Parameters of the URL only. */
  readonly url: UrlValues;
  /** What was read of the body; `undefined` if the body was not needed. */
  readonly read: readonly Buffer[] | undefined;
  /** The statements that a server built before Go 1.17 reads, if they differ: it splits parameters at semicolons, too. */
  readonly otherText: string | undefined;
  /** Whether the body is a form that cannot be read here, although a server may read it. */
  readonly isUnreadable: boolean;
}

/** Go reads no form that is larger; the parameters of the URL then count alone. */
const maxForm = 10 * 2 ** 20;
/** Go keeps larger files on disk; lists of statements are shorter. */
const maxMultipart = 32 * 2 ** 20;

/** Returns the first value of a parameter; empty if there is none. */
export const firstOf = (values: UrlValues, name: string): string => values.get(name)?.[0] ?? '';

export async function readQueryRequest(
  request: IncomingMessage,
  search: string,
  framing: Framing,
): Promise<QueryRequest> {
  const url = parseUrlValues(search);
  const hasForm = request.method === 'POST' && framing !== 'none';
  const type = hasForm ? mediaTypeOf(request) : '';
  if (type === 'application/x-www-form-urlencoded') {
    const { pieces, isWhole } = await readBody(request, maxForm);
    const form = isWhole ? Buffer.concat(pieces).toString('latin1') : '';
    return {
      ...textsOf(merged(parseUrlValues(form), url)),
      url,
      read: pieces,
      otherText: otherTextOf(form, search),
      isUnreadable: false,
    };
  }
  if (type === 'multipart/form-data') {
    const { pieces, isWhole } = await readBody(request, maxMultipart);
    const form = isWhole ? await parseMultipart(request, Buffer.concat(pieces)) : undefined;
    const values = merged(url, form?.fields ?? new Map());
    const texts = textsOf(values);
    const text = texts.text ?? form?.file;
    return {
      ...texts,
      text,
      url,
      read: pieces,
      otherText: otherTextOf('', search),
      isUnreadable: form === undefined,
    };
  }
  return { ...textsOf(url), url, read: undefined, otherText: otherTextOf('', search), isUnreadable: false };
}

function textsOf(values: UrlValues): Pick<QueryRequest, 'text' | 'values'> {
  const text = trimQuery(firstOf(values, 'q'));
  return { text: text === '' ? undefined : text, values };
}

function otherTextOf(form: string, search: string): string | undefined {
  if (!form.includes(';') && !search.includes(';')) return undefined;
  const values = merged(parseUrlValues(form, '&;'), parseUrlValues(search, '&;'));
  const { text } = textsOf(values);
  return text === textsOf(merged(parseUrlValues(form), parseUrlValues(search))).text ? undefined : text;
}

function merged(first: UrlValues, second: UrlValues): UrlValues {
  if (first.size === 0) return second;
  const all = new Map(first);
  for (const [name, values] of second) all.set(name, [...(all.get(name) ?? []), ...values]);
  return all;
}

/** Only the first of several types counts. Its parameters may be malformed. */
function mediaTypeOf({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

interface MultipartForm {
  readonly fields: Map<string, string[]>;
  /** Content of the first file `q`. */
  readonly file: string | undefined;
}

/** Resolves with `undefined` for a body that is not a form. */
async function parseMultipart(request: IncomingMessage, body: Buffer): Promise<MultipartForm | undefined> {
  const type = request.headers['content-type'] ?? '';
  try {
    // Fields are decoded as UTF-8, which hides broken bytes: a body that is not UTF-8 is not read here.
    if (!isUtf8(body)) return undefined;
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    const fields = new Map<string, string[]>();
    let file: string | undefined;
    for (const [name, value] of form.entries()) {
      if (typeof value === 'string') fields.set(name, [...(fields.get(name) ?? []), value]);
      else if (name === 'q') file ??= decodeUtf8(Buffer.from(await value.arrayBuffer()));
    }
    return { fields, file };
  } catch {
    return undefined;
  }
}
