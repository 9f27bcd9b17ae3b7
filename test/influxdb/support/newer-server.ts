import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { executeQuery, formatResponse, splitStatements } from 'clusterflux/influxql';
import { isNewerKeyword } from '../../../src/influxql/keywords.js';
import { Lexer } from '../../../src/influxql/lexer.js';
import { atEnd } from './lab.js';

/** A model of a server of InfluxDB 1.12, made of recorded forms of its responses and of this library's own InfluxQL. */
export interface NewerServer {
  readonly url: string;
  /** `host:port` of the snapshot service. */
  readonly snapshot: string;
  /** The statements that changed something, or tried to. */
  readonly changes: readonly string[];
  readonly meta: LocalMetaClient;
  /** The metadata as the server writes it: with both limits in every policy, also zero. */
  data(): MetaData;
}

const diagnostics = readFileSync(
  new URL('../../fixtures/influxdb-1.12/show-diagnostics.json', import.meta.url),
  'utf8',
);

/** @param host An address of loopback, at which no other test listens on port 8088. */
export async function newerServer(
  host: string,
  {
    version = '1.12.4',
    snapshotPort = 8088,
    data,
  }: {
    version?: string;
    snapshotPort?: number;
    data?: MetaData;
  } = {},
): Promise<NewerServer> {
  const meta = new LocalMetaClient({ bcryptCost: 4, ...(data === undefined ? {} : { data }) });
  const changes: string[] = [];
  const target = {
    data: () => meta.data(),
    mutate: async <T>(operation: (meta: LocalMetaClient) => T | Promise<T>) => operation(meta),
  };
  const resultOf = async (statement: string): Promise<{ status: number; body: string }> => {
    if (statement === 'SHOW DIAGNOSTICS')
      return { status: 200, body: JSON.stringify(JSON.parse(diagnostics)) };
    if (!statement.startsWith('SHOW')) changes.push(statement);
    const refused = reservedName(statement);
    if (refused !== undefined) {
      const error = `error parsing query: found ${refused.toUpperCase()}, expected identifier at line 1, char 1`;
      return { status: 400, body: JSON.stringify({ error }) };
    }
    const response = await executeQuery(target, statement, { serverVersion: version });
    return { status: response.error === undefined ? 200 : 400, body: formatResponse(response) };
  };
  const server = createServer(async (request, response) => {
    const headers = { 'X-Influxdb-Version': version, 'X-Influxdb-Build': 'OSS' };
    if (!request.url?.startsWith('/query')) {
      response.writeHead(request.url === '/ping' ? 204 : 404, headers).end();
      return;
    }
    const text = new URLSearchParams(await bodyOf(request)).get('q') ?? '';
    const lines: string[] = [];
    for (const [id, { start, end }] of splitStatements(text).entries()) {
      const { status, body } = await resultOf(text.slice(start, end));
      if (status !== 200) {
        response.writeHead(status, headers).end(body);
        return;
      }
      lines.push(body.trim().replace('"statement_id":0', `"statement_id":${id}`));
    }
    response.writeHead(200, headers).end(`${lines.join('\n')}\n`);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const whole = () => written(meta.data());
  const snapshots = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(snapshotReply(encodeMetadata(whole()))));
  });
  snapshots.listen(snapshotPort, host);
  await once(snapshots, 'listening');
  atEnd(async () => {
    server.closeAllConnections();
    server.close();
    snapshots.close();
  });
  const portOf = (address: ReturnType<typeof server.address>) =>
    address === null || typeof address === 'string' ? 0 : address.port;
  return {
    url: `http://${host}:${portOf(server.address())}`,
    snapshot: `${host}:${portOf(snapshots.address())}`,
    changes,
    meta,
    data: whole,
  };
}

/** The first bare name of `statement` that InfluxDB 1.12 reserves. */
function reservedName(statement: string): string | undefined {
  const lexer = new Lexer(statement);
  for (let token = lexer.next(); token.kind !== 'EOF'; token = lexer.next()) {
    const isBare = token.kind === 'IDENT' && statement.slice(token.start, token.end) === token.text;
    const isOption = /^\s+LIMIT\b/i.test(statement.slice(token.end));
    if (isBare && isNewerKeyword(token.text) && !isOption) return token.text;
  }
  return undefined;
}

/** Both limits in every policy, as InfluxDB 1.12 has them. */
const written = (data: MetaData): MetaData => ({
  ...data,
  databases: data.databases.map((database) => ({
    ...database,
    retentionPolicies: database.retentionPolicies.map((policy) => ({
      ...policy,
      futureWriteLimit: policy.futureWriteLimit ?? 0n,
      pastWriteLimit: policy.pastWriteLimit ?? 0n,
    })),
  })),
});

function snapshotReply(metadata: Uint8Array): Buffer {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(0x59590101n, 0);
  header.writeBigUInt64BE(BigInt(metadata.length), 8);
  const node = Buffer.from('null\n');
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(node.length));
  return Buffer.concat([header, metadata, length, node]);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
