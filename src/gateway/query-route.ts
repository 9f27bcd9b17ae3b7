import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { CfluxError, isCfluxError } from '../errors.js';
import type { HashPassword } from '../influxql/execute/prepare-statements.js';
import type { MetaData } from '../meta/records.js';
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
  readonly onStatement: (record: StatementRecord, request: IncomingMessage, query: QueryRequest) => void;
  /** Called when the server cannot be reached. */
  readonly onUnreachable: () => void;
}

export interface QueryPassage {
  readonly search: string;
  readonly framing: Framing;
  readonly onWait: OnWait;
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
    { search, framing, onWait }: QueryPassage,
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
    return this.#execute(request, response, { query, classified, onWait });
  }

  #refuse(response: ServerResponse, text: string): QueryDecision {
    sendError(response, { status: 400, text }, this.#parts.server);
    return { passes: false, isExecuted: false };
  }

  async #execute(
    request: IncomingMessage,
    response: ServerResponse,
    {
      query,
      classified,
      onWait,
    }: {
      readonly query: QueryRequest;
      readonly classified: readonly ClassifiedStatement[] | CfluxError;
      readonly onWait: OnWait;
    },
  ): Promise<QueryDecision> {
    const { upstream, server, onUnreachable } = this.#parts;
    const isPretty = firstOf(query.url, 'pretty') === 'true';
    const format = chooseFormat(request.headers.accept, isPretty);
    const queries = new ServerQueries(upstream, request, query, (milliseconds) =>
      onWait('server', milliseconds),
    );
    let verdict: Verdict;
    try {
      verdict = await dryRun(queries, query.text ?? '');
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
    if (status === 401 || status === 403) {
      sendError(response, { status: 403, text: requiresAuthentication }, server);
      return { passes: false, isExecuted: false };
    }
    const error =
      verdict.error ?? (isCfluxError(classified) ? `error parsing query: ${classified.message}` : undefined);
    if (error !== undefined || isCfluxError(classified)) {
      sendFailure(response, verdict, format, { status: status === 200 ? 400 : status, text: error ?? '' });
      return { passes: false, isExecuted: false };
    }
    await this.#respond(request, response, { query, classified, format, queries, verdict, onWait });
    return { passes: false, isExecuted: true };
  }

  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    {
      query,
      classified,
      format,
      queries,
      verdict,
      onWait,
    }: {
      readonly query: QueryRequest;
      readonly onWait: OnWait;
      readonly classified: readonly ClassifiedStatement[];
      readonly format: ResultFormat;
      readonly queries: ServerQueries;
      readonly verdict: Verdict;
    },
  ): Promise<void> {
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
        isChunked,
        isReadOnly: request.method === 'GET',
        hashPassword,
        now,
        onStatement: (record) => onStatement(record, request, query),
        onWait,
      },
      classified,
    );
    if (firstOf(query.values, 'async') === 'true') {
      response.sendDate = false;
      response.writeHead(204, headersFor(verdict, format));
      response.end();
      await run.run();
      return;
    }
    const parts = await run.run();
    const accepts = request.headers['accept-encoding']?.includes('gzip') === true;
    await sendResults(response, { verdict, format, parts, isChunked, isCompressed: accepts });
  }
}

const requiresAuthentication =
  'the gateway cannot execute this statement: InfluxDB requires authentication, which this gateway does not support; send it to the server itself, or change the cluster with `cflux exec`';

/** Returns why a request is refused that a server may read in another way than the gateway. */
function refusalOf({ text, otherText, isUnreadable }: QueryRequest): string | undefined {
  if (otherText !== undefined && mentionsCluster(otherText)) {
    return text === undefined
      ? 'missing required parameter "q"'
      : 'the parameters contain a raw semicolon, which servers read in two ways: encode it as %3B';
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
