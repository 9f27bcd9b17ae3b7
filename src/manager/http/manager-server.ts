import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { repeat } from '../../async/repeat.js';
import { checkMethods, optionsCheck, optionsOf } from '../../check-options.js';
import { CfluxError } from '../../errors.js';
import { listenFailure } from '../../listen-failure.js';
import { BrowserGuard } from '../../protocol/browser-guard.js';
import { onEveryRequest } from '../../protocol/every-request.js';
import { UnusedConnections } from '../../protocol/unused-connections.js';
import { lookInterval, TlsCredentials, type TlsSources, type TlsValues } from '../../tls-credentials.js';
import { bytes, either, flag, func, listOf, number, object, string, text } from '../../value-kinds.js';
import type { Manager } from '../manager.js';
import { checkBinding } from './binding.js';
import { ManagerMetrics } from './metrics.js';
import { OpenConnections } from './open-connections.js';
import { ReachedTimes } from './reached-times.js';
import { RequestHandler } from './request-handler.js';
import { TokenFile } from './token-file.js';
import { type TokenEntry, TokenList, type TokenSource } from './tokens.js';
import { builtUi, UiFiles } from './ui-files.js';

/** Options of {@link createManagerServer}. */
export interface ManagerServerOptions {
  /** Address to listen on. Default: `127.0.0.1`, because snapshots contain password hashes. */
  readonly host?: string;
  /** Port to listen on. Default: 8000; 0 selects a free one. */
  readonly port?: number;
  /** Tokens and their scopes: entries, or a TOML file that is reloaded when it changes. Default: every client may do everything. */
  readonly tokens?: string | readonly TokenEntry[];
  /**
   * `cert` and `key` in PEM: serves https. With `ca`, clients must present a certificate issued by that authority. A function instead of
   * a value is called every second: new connections use what it returns, without a restart.
   */
  readonly tls?: TlsSources;
  /**
   * Host names besides `localhost` and its addresses that requests may use while the server listens on loopback without tokens and client
   * certificates, such as the public name of a proxy on this machine. Other names are refused: a web page could otherwise give itself a
   * name that resolves to loopback (DNS rebinding) and read everything. Names have no scheme and no port. Default: none.
   */
  readonly hostNames?: readonly string[];
  /**
   * Serves the dashboard at `/ui/`. `true`: the one of this package; a string: the directory of another build of it. Default: `false`.
   */
  readonly ui?: boolean | string;
  /** Allows listening beyond this machine without tokens or client certificates. Default: false. */
  readonly insecure?: boolean;
  /** Milliseconds within which a whole request must arrive. Default: 60,000. */
  readonly requestTimeout?: number;
  /**
   * Receives errors that belong to no request: a token file that became invalid, TLS certificates that cannot be reloaded, or that expire
   * within 30, 14, 7, 3 or 1 days. Default: such certificates are reported by `process.emitWarning`, other errors are ignored.
   */
  readonly onError?: (error: CfluxError) => void;
}

const pem = either(string, bytes, func, listOf(either(string, bytes, object)));

const checkOptions = optionsCheck<ManagerServerOptions>('createManagerServer', {
  host: text,
  port: number,
  tokens: either(text, listOf(object)),
  tls: optionsOf<TlsSources>('tls', { ca: pem, cert: pem, key: pem, passphrase: string }),
  hostNames: listOf(text),
  ui: either(flag, text),
  insecure: flag,
  requestTimeout: number,
  onError: func,
});

/** A manager served over HTTP. */
export interface ManagerServer {
  /** Base URL, for example `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Completes held polls (503, `Retry-After`), waits for pushes that are being stored, and stops listening. The manager stays open.
   * Idempotent.
   */
  close(): Promise<void>;
  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

// Well above the 5 s between heartbeats: an idle connection is never closed just as one is sent.
const keepAlive = 75_000;
const headTimeout = 10_000;
// Between two packets of one response or held poll; the longest hold is 300 s.
const silence = 400_000;
const closeGrace = 5_000;

/**
 * Serves `manager` over HTTP to every client of the protocol, legacy clients included.
 *
 * @throws `INVALID_OPTION`: tokens or certificates that cannot be used, or an address that would expose snapshots to other machines.
 * @example
 * ```ts
 * const server = await createManagerServer(manager, { host: '127.0.0.1', port: 8000 });
 * console.log(`listening on ${server.url}`);
 * await server.close();
 * ```
 */
export async function createManagerServer(
  manager: Manager,
  options: ManagerServerOptions = {},
): Promise<ManagerServer> {
  checkMethods('manager of createManagerServer', manager, ['open', 'announce']);
  checkOptions(options);
  const { host = '127.0.0.1', port = 8000, insecure = false, tls } = options;
  const guarded = options.tokens !== undefined || tls?.ca !== undefined;
  checkBinding(host, guarded, insecure);
  const guard = new BrowserGuard({ open: !guarded, hostNames: options.hostNames ?? [] });
  const tokens = await tokensOf(options, manager);
  const credentials = tls && tlsCredentials(tls, options.onError, manager);
  const ui = await uiOf(options);
  const server = createHttpServer(options, credentials?.values);
  await manager.open();
  const metrics = await ManagerMetrics.create(manager, () => credentials?.certificates ?? []);
  const reached = ui && new ReachedTimes(manager);
  reached?.follow(manager);
  const handler = new RequestHandler({
    manager,
    tokens,
    guard,
    ui,
    reached,
    metrics,
  });
  onEveryRequest(server, (request, response) => handler.handle(request, response));
  // Created before the server listens, so that no connection is missed.
  const unused = new UnusedConnections(server);
  const connections = credentials && new OpenConnections(server);
  await listen(server, host, port);
  guard.boundTo(addressOf(server));
  const url = urlOf(server.address(), tls === undefined ? 'http' : 'https');
  await manager.announce(new URL(url).host);
  const unwatchTokens = tokens?.watch?.(() => handler.recheckBearers());
  const unwatchTls = connections && watchTls(server, credentials, connections, manager);

  let closing: Promise<void> | undefined;
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    unwatchTokens?.();
    unwatchTls?.();
    handler.close();
    server.closeIdleConnections();
    unused.close();
    // Clients that send half a request, or do not read their response, are cut off after this.
    const cancel = manager.clock.after(closeGrace, () => server.closeAllConnections());
    await closed;
    cancel();
  };
  const closeOnce = () => {
    closing ??= close();
    return closing;
  };
  return { url, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

async function uiOf({ ui = false }: ManagerServerOptions): Promise<UiFiles | undefined> {
  if (ui === false) return undefined;
  return UiFiles.read(typeof ui === 'string' ? ui : await builtUi());
}

async function tokensOf(
  { tokens, onError = () => {} }: ManagerServerOptions,
  { clock }: Manager,
): Promise<TokenSource | undefined> {
  if (tokens === undefined) return undefined;
  if (typeof tokens === 'string') return TokenFile.open(tokens, clock, onError);
  if (tokens.length === 0)
    throw new CfluxError('INVALID_OPTION', 'tokens: the list is empty; add an entry, or omit the option');
  return new TokenList(tokens);
}

function tlsCredentials(
  sources: TlsSources,
  onError: ManagerServerOptions['onError'],
  { clock }: Manager,
): TlsCredentials {
  const report = onError && ((message: string) => onError(new CfluxError('INVALID_OPTION', message)));
  return new TlsCredentials({ sources, clock, warn: report ?? ((message) => process.emitWarning(message)) });
}

/** New connections use new certificates; open connections end only if the client authority changed. */
function watchTls(
  server: Server,
  credentials: TlsCredentials,
  connections: OpenConnections,
  { clock }: Manager,
): () => void {
  return repeat(clock, lookInterval, () => {
    const authority = String(credentials.values.ca);
    if (credentials.refresh() && server instanceof TlsServer) {
      server.setSecureContext(contextOf(credentials.values));
      if (String(credentials.values.ca) !== authority) connections.endAll();
    }
  });
}

const contextOf = (tls: TlsValues) => ({ ...tls, minVersion: 'TLSv1.2' as const });

function createHttpServer({ requestTimeout = 60_000 }: ManagerServerOptions, tls?: TlsValues): Server {
  const options = {
    keepAliveTimeout: keepAlive,
    headersTimeout: Math.min(headTimeout, requestTimeout),
    requestTimeout,
    connectionsCheckingInterval: Math.min(1_000, requestTimeout),
    maxHeaderSize: 16 * 1024,
  };
  const server: Server = tls === undefined ? createServer(options) : createTls(options, tls);
  server.setTimeout(silence, (socket: Socket) => socket.destroy());
  return server;
}

function createTls(options: Parameters<typeof createTlsServer>[0], tls: TlsValues): Server {
  const client = tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...options, ...client, ...contextOf(tls) });
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error) => reject(listenFailure(cause, host, port));
    server.once('error', onError);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.address : '';
}

function urlOf(address: AddressInfo | string | null, scheme: string): string {
  if (typeof address !== 'object' || address === null) return '';
  const { family, address: host, port } = address;
  return `${scheme}://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
}
