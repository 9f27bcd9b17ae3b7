import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CfluxError, isCfluxError } from '../errors.js';
import type { HashPassword } from '../influxql/execute/prepare-statements.js';
import type { MetaData } from '../meta/records.js';
import { type Access, rawSemicolon } from './credentials/access.js';
import type { Authority, Refusal } from './credentials/authority.js';
import type { Permissions } from './credentials/permissions.js';
import { chooseFormat } from './formats/choose-format.js';
import type { ResultFormat, ResultPart } from './formats/result-format.js';
import { errorHeader, type ServerIdentity, sendError } from './own-response.js';
import { headersIn } from './proxy/raw-headers.js';
import type { Framing } from './proxy/request-framing.js';
import type { Upstream } from './proxy/upstream.js';
import { mentionsCluster } from './request/mentions-cluster.js';
import { firstOf, type QueryRequest, readQueryRequest } from './request/query-request.js';
import { type ClassifiedStatement, classify, type IsLocalSubscription } from './statements/classify.js';
import type { ClusterWriter, OnWait } from './statements/cluster-writer.js';
import { dryRun, type Verdict } from './statements/dry-run.js';
import { RequestRun, type StatementRecord } from './statements/run-request.js';
import { ServerQueries } from './statements/server-queries.js';

const compress = promisify(gzip);

export interface QueryRouteParts {
  readonly upstream: Upstream;
  readonly writer: ClusterWriter;
  readonly server: ServerIdentity;
  readonly data: () => MetaData | PromiseLike<MetaData>;
  readonly isLocalSubscription: IsLocalSubscription;
  readonly hashPassword: HashPassword;
  readonly now: () => number;
  readonly permissions: Permissions;
  /** Returns why a statement for the cluster is refused that a web page may have sent. */
  readonly browserRefusal: (request: IncomingMessage) => string | undefined;
  readonly onStatement: (record: StatementRecord, passage: StatementOrigin) => void;
  /** Called when the server cannot be reached. */
  readonly onUnreachable: () => void;
}

export interface QueryPassage {
  readonly search: string;
  readonly framing: Framing;
  readonly access: Access;
  readonly onWait: OnWait;
}

/** The request of a statement. */
export interface StatementOrigin {
  readonly request: IncomingMessage;
  readonly query: QueryRequest;
  readonly access: Access;
}

/** What a request to `/query` is: one that passes, or one that was responded to here. */
export type QueryDecision =
  | { readonly passes: true; readonly query: QueryRequest }
  | { readonly passes: false; readonly isExecuted: boolean };

/** The requests to `/query`: passes those without a statement for the cluster, and executes the others. */
export class QueryRoute {
  readonly #parts: QueryRouteParts;

  constructor(parts: QueryRouteParts) {
    this.#parts = parts;
  }

  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    { search, framing, access, onWait }: QueryPassage,
  ): Promise<QueryDecision> {
    // The body is needed here; otherwise the server decides whether to ask for it.
    const isForm = request.method === 'POST' && /form/i.test(request.headers['content-type'] ?? '');
    if (isForm && request.headers.expect !== undefined) response.writeContinue();
    const query = await readQueryRequest(request, search, framing);
    const refusal = refusalOf(query);
    if (refusal !== undefined) return this.#refuse(response, refusal);
    if (query.text === undefined || !mentionsCluster(query.text)) return { passes: true, query };
    const params = firstOf(query.values, 'params');
    const classified = classify(query.text, params, this.#parts.isLocalSubscription);
    if (!isCfluxError(classified) && classified.every(({ by }) => by === 'server'))
      return { passes: true, query };
    request.resume();
    const ofBrowser = this.#parts.browserRefusal(request);
    if (ofBrowser !== undefined) return this.#refuse(response, ofBrowser, 403);
    return this.#execute(request, response, { query, classified, access, onWait });
  }

  #refuse(response: ServerResponse, text: string, status = 400): QueryDecision {
    sendError(response, { status, text }, this.#parts.server);
    return { passes: false, isExecuted: false };
  }

  async #execute(
    request: IncomingMessage,
    response: ServerResponse,
    {
      query,
      classified,
      access,
      onWait,
    }: {
      readonly query: QueryRequest;
      readonly classified: readonly ClassifiedStatement[] | CfluxError;
      readonly access: Access;
      readonly onWait: OnWait;
    },
  ): Promise<QueryDecision> {
    const { upstream, server, permissions, onUnreachable } = this.#parts;
    const isPretty = firstOf(query.url, 'pretty') === 'true';
    const format = chooseFormat(request.headers.accept, isPretty);
    const queries = new ServerQueries(upstream, request, query, (milliseconds) =>
      onWait('server', milliseconds),
    );
    const ask = () => dryRun(queries, query.text ?? '');
    let verdict: Verdict;
    let permission: Authority | Refusal;
    try {
      verdict = await ask();
      permission = await permissions.of({
        access,
        classified: isCfluxError(classified) ? [] : classified,
        database: firstOf(query.values, 'db'),
        verdict,
        repeat: ask,
      });
    } catch (error) {
      onUnreachable();
      sendError(response, { status: 503, text: CfluxError.from(error).message }, server);
      return { passes: false, isExecuted: false };
    }
    server.note(
      Object.fromEntries(
        [...headersIn(verdict.response.headers)].map(([name, value]) => [name.toLowerCase(), value]),
      ),
    );
    const { status } = verdict.response;
    const failure = failureOf(verdict, classified);
    if ('status' in permission && (permission.status === 401 || failure === undefined)) {
      this.#sendRefusal(response, permission, verdict, format);
      return { passes: false, isExecuted: false };
    }
    if (failure !== undefined || isCfluxError(classified) || 'status' in permission) {
      sendFailure(response, verdict, format, failure ?? { status, text: '' });
      return { passes: false, isExecuted: false };
    }
    const authority = permission;
    const isExecuted = await this.#respond(request, response, {
      query,
      classified,
      access,
      authority,
      format,
      queries,
      verdict,
      onWait,
    });
    return { passes: false, isExecuted };
  }

  #sendRefusal(response: ServerResponse, refusal: Refusal, verdict: Verdict, format: ResultFormat): void {
    if (refusal.status === 403) sendFailure(response, verdict, format, refusal);
    else sendError(response, refusal, this.#parts.server);
  }

  /** Resolves with whether something was executed. */
  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    {
      query,
      classified,
      access,
      authority,
      format,
      queries,
      verdict,
      onWait,
    }: {
      readonly query: QueryRequest;
      readonly access: Access;
      readonly authority: Authority;
      readonly onWait: OnWait;
      readonly classified: readonly ClassifiedStatement[];
      readonly format: ResultFormat;
      readonly queries: ServerQueries;
      readonly verdict: Verdict;
    },
  ): Promise<boolean> {
    const { writer, data, hashPassword, now, onStatement } = this.#parts;
    const [database, retentionPolicy] = ['db', 'rp'].map((name) => firstOf(query.values, name));
    const isChunked = firstOf(query.values, 'chunked') === 'true';
    const run = new RequestRun(
      {
        writer,
        queries,
        format,
        data,
        place: { ...(database ? { database } : {}), ...(retentionPolicy ? { retentionPolicy } : {}) },
        authority,
        isChunked,
        isReadOnly: request.method === 'GET',
        hashPassword,
        now,
        onStatement: (record) => onStatement(record, { request, query, access }),
        onWait,
      },
      classified,
    );
    if (firstOf(query.values, 'async') === 'true') {
      response.sendDate = false;
      response.writeHead(204, headersFor(verdict, format));
      response.end();
      await run.run();
      return true;
    }
    const parts = await run.run();
    if (run.refusal !== undefined) {
      this.#sendRefusal(response, run.refusal, verdict, format);
      return false;
    }
    const accepts = request.headers['accept-encoding']?.includes('gzip') === true;
    await sendResults(response, { verdict, format, parts, isChunked, isCompressed: accepts });
    return true;
  }
}

/** Returns the server's error, or the error of the parser here; `undefined` if the request could be executed with enough privileges. */
function failureOf(
  { response: { status }, error }: Verdict,
  classified: readonly ClassifiedStatement[] | CfluxError,
): { readonly status: number; readonly text: string } | undefined {
  if (status !== 200 && status !== 401 && status !== 403) return { status, text: error ?? '' };
  if (!isCfluxError(classified)) return undefined;
  return { status: 400, text: `error parsing query: ${classified.message}` };
}

/** Returns why a request is refused that a server may read in another way than the gateway. */
function refusalOf({ text, otherText, isUnreadable }: QueryRequest): string | undefined {
  if (otherText !== undefined && mentionsCluster(otherText)) {
    return text === undefined ? 'missing required parameter "q"' : rawSemicolon;
  }
  if (text?.includes('\0') && mentionsCluster(text))
    return 'error parsing query: the text contains a NUL character; remove it';
  if (isUnreadable && text === undefined) return 'missing required parameter "q"';
  return undefined;
}

/** Headers of the dry run that are not those of the response. */
const ofDryRun: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'x-influxdb-error',
]);

/** The server's headers for a response in `format`, and others in their alphabetical place, as Go sorts them. */
function headersFor(
  { response }: Verdict,
  format: ResultFormat,
  others: readonly [string, string][] = [],
): string[] {
  const kept = [...headersIn(response.headers)].filter(([name]) => !ofDryRun.has(name.toLowerCase()));
  const date = kept.filter(([name]) => name.toLowerCase() === 'date');
  const sorted = [
    ...kept.filter((header) => !date.includes(header)),
    ['Content-Type', format.contentType] as const,
    ...others,
  ];
  sorted.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return [...sorted, ...date].flat();
}

function sendFailure(
  response: ServerResponse,
  verdict: Verdict,
  format: ResultFormat,
  { status, text }: { readonly status: number; readonly text: string },
): void {
  const body = format.error(text);
  const headers = headersFor(verdict, format, [['X-Influxdb-Error', errorHeader(text)]]);
  response.sendDate = false;
  response.writeHead(status, [...headers, 'Content-Length', String(body.length)]);
  response.end(body);
}

async function sendResults(
  response: ServerResponse,
  {
    verdict,
    format,
    parts,
    isChunked,
    isCompressed,
  }: {
    readonly verdict: Verdict;
    readonly format: ResultFormat;
    readonly parts: readonly ResultPart[];
    readonly isChunked: boolean;
    readonly isCompressed: boolean;
  },
): Promise<void> {
  const whole =
    isChunked && format.contentType !== 'text/csv'
      ? parts.map((part) => format.join([part]))
      : [format.join(parts)];
  response.sendDate = false;
  response.writeHead(200, headersFor(verdict, format, isCompressed ? [['Content-Encoding', 'gzip']] : []));
  // Without a length, as the server sends every success.
  response.write('', 'latin1');
  const body = Buffer.concat(whole);
  response.write(isCompressed ? await compress(body) : body);
  response.end();
}
