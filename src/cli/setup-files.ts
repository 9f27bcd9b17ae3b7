import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { CfluxError } from '../errors.js';

/** The machines of a cluster. */
export interface Setup {
  readonly cluster: string;
  /** Host names or addresses of the managers. */
  readonly managers: readonly string[];
  /** Host names or addresses of the machines with an InfluxDB server. */
  readonly servers: readonly string[];
  /** URLs of etcd; required for several managers. */
  readonly etcd?: string;
}

/** A file to create, by its path below the output directory. */
export interface SetupFile {
  readonly path: string;
  readonly content: string;
  readonly isSecret: boolean;
}

const port = 8_000;
const etc = '/etc/cflux';

/** @throws CfluxError `INVALID_OPTION` */
export function checkSetup({ managers, servers, etcd }: Setup): void {
  if (managers.length === 0 || servers.length === 0)
    throw invalid('name at least one machine with --managers, and one with --servers');
  for (const host of [...managers, ...servers])
    if (isIP(host) === 0 && !/^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$/.test(host))
      throw invalid(`${JSON.stringify(host)} is not a host name or address; write such as db1 or 10.0.0.1`);
  if (managers.length > 1 && etcd === undefined)
    throw invalid('several managers share their data in etcd: pass --etcd with its URLs');
}

/** Creates the content of all files, with new tokens: a directory for each machine, to be copied to /etc/cflux. */
export function setupFiles(setup: Setup): readonly SetupFile[] {
  const { managers, servers } = setup;
  const nodes = servers.map((host) => ({ host, token: newToken() }));
  const operator = newToken();
  const tokens = tokensFile(setup, nodes, operator);
  const files: SetupFile[] = [{ path: 'operator-token', content: `${operator}\n`, isSecret: true }];
  for (const host of new Set([...managers, ...servers])) {
    const token = nodes.find((node) => node.host === host)?.token;
    const isManager = managers.includes(host);
    files.push({ path: `${host}/cflux.toml`, content: configOf(setup, host), isSecret: false });
    if (isManager) {
      files.push(
        { path: `${host}/tokens.toml`, content: tokens, isSecret: true },
        { path: `${host}/cflux-manager.service`, content: unit('manager'), isSecret: false },
      );
    }
    if (token !== undefined) {
      files.push(
        { path: `${host}/token`, content: `${token}\n`, isSecret: true },
        { path: `${host}/cflux-agent.service`, content: unit('agent'), isSecret: false },
      );
    }
  }
  return files;
}

/** Returns the commands that create a certificate authority, and a certificate for each manager. */
export function certificateCommands({ managers }: Setup): readonly string[] {
  const names = (host: string) => (isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`);
  return [
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=cflux" -keyout ca.key -out ca.pem',
    ...managers.flatMap((host) => [
      `openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${host}" -addext "subjectAltName=${names(host)}" -keyout ${host}/tls.key -out ${host}/tls.csr`,
      `openssl x509 -req -days 825 -in ${host}/tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy -out ${host}/tls.pem`,
    ]),
  ];
}

const newToken = () => randomBytes(32).toString('base64url');

const invalid = (why: string) => new CfluxError('INVALID_OPTION', why);

const urlOf = (host: string) => `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

const quoted = (text: string) => JSON.stringify(text);

function tokensFile(
  { cluster }: Setup,
  nodes: readonly { readonly host: string; readonly token: string }[],
  operator: string,
): string {
  const entries = nodes.map(
    ({ host, token }) =>
      `[[token]]\nname = ${quoted(host)}\ntoken = ${quoted(token)}\nscopes = ["node"]\ncluster = ${quoted(cluster)}\n`,
  );
  return [...entries, `[[token]]\nname = "operator"\ntoken = ${quoted(operator)}\nscopes = ["admin"]\n`].join(
    '\n',
  );
}

function configOf({ cluster, managers, servers, etcd }: Setup, host: string): string {
  const lines = [
    `endpoint = [${managers.map((manager) => quoted(urlOf(manager))).join(', ')}]`,
    `cluster = ${quoted(cluster)}`,
    `ca = "${etc}/ca.pem"`,
  ];
  if (managers.includes(host)) {
    lines.push(
      '',
      '[manager]',
      `listen = ${quoted(urlOf(host).replace('https://', ''))}`,
      `tokens = "${etc}/tokens.toml"`,
      `tls-cert = "${etc}/tls.pem"`,
      `tls-key = "${etc}/tls.key"`,
      etcd === undefined ? 'data = "/var/lib/cflux-manager"' : `etcd = ${quoted(etcd)}`,
    );
  }
  if (servers.includes(host)) {
    lines.push(
      '',
      '[agent]',
      `token-file = "${etc}/token"`,
      'influxdb = "http://127.0.0.1:8086"',
      `bind-address = ${quoted(isIP(host) === 6 ? `[${host}]:8086` : `${host}:8086`)}`,
      'data = "/var/lib/cflux-agent"',
    );
  }
  return `${lines.join('\n')}\n`;
}

const unit = (command: 'manager' | 'agent') => `[Unit]
Description=Clusterflux ${command}
After=network-online.target
Wants=network-online.target

[Service]
User=cflux
ExecStart=/usr/bin/env cflux ${command} --config ${etc}/cflux.toml
StateDirectory=cflux-${command}
StateDirectoryMode=0700
LimitNOFILE=65536
Restart=always
RestartSec=2
RestartPreventExitStatus=2
NoNewPrivileges=true
ProtectSystem=strict
ProtectHome=true
PrivateTmp=true

[Install]
WantedBy=multi-user.target
`;
