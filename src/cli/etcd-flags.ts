import type { Command } from 'commander';
import { CfluxError } from '../errors.js';
import { type EtcdOptions, EtcdStore } from '../manager/index.js';
import { reloadedFileOf, secretOf } from './file-of.js';

/** The flags of etcd. */
export interface EtcdFlags {
  readonly etcd?: string;
  readonly etcdPrefix?: string;
  readonly etcdUser?: string;
  readonly etcdPasswordFile?: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
}

export const addEtcdFlags = (command: Command): Command =>
  command
    .option(
      '--etcd <urls>',
      'keep everything in etcd instead, shared with other managers: URLs separated by commas',
    )
    .option('--etcd-prefix <prefix>', 'prefix of every key (default: /clusterflux/)')
    .option('--etcd-user <name>', 'user name, if etcd requires authentication')
    .option('--etcd-password-file <file>', 'file with the password of --etcd-user; read again for each token')
    .option('--etcd-ca <file>', 'certificate authority of etcd (PEM)')
    .option('--etcd-cert <file>', 'client certificate for etcd (PEM)')
    .option('--etcd-key <file>', 'private key of --etcd-cert (PEM)');

/** Returns the store that the flags describe; `undefined` without --etcd. */
export function etcdStoreOf(flags: EtcdFlags, warn: (message: string) => void): EtcdStore | undefined {
  const { etcd: endpoints, etcdPrefix: prefix, etcdUser: user, etcdPasswordFile } = flags;
  if (endpoints === undefined) {
    const [stray] = Object.keys(flags).filter((name) => name.startsWith('etcd'));
    if (stray === undefined) return undefined;
    throw new CfluxError('INVALID_OPTION', 'the options --etcd-… require --etcd');
  }
  const options: EtcdOptions = {
    endpoints,
    warn,
    ...(prefix === undefined ? {} : { prefix }),
    ...(user === undefined ? {} : { user }),
    ...(etcdPasswordFile === undefined ? {} : { password: passwordIn(etcdPasswordFile) }),
    tls: tlsOf(flags),
  };
  return new EtcdStore(options);
}

/** Reads the file now, so that a wrong path is reported at the start, and again for each token: the password may be rotated. */
function passwordIn(file: string): () => string {
  const read = () => secretOf('--etcd-password-file', file);
  read();
  return read;
}

function tlsOf({ etcdCa, etcdCert, etcdKey }: EtcdFlags): NonNullable<EtcdOptions['tls']> {
  if ((etcdCert === undefined) !== (etcdKey === undefined)) {
    throw new CfluxError('INVALID_OPTION', '--etcd-cert and --etcd-key must be used together');
  }
  return {
    ...(etcdCa === undefined ? {} : { ca: reloadedFileOf('--etcd-ca', etcdCa) }),
    ...(etcdCert === undefined ? {} : { cert: reloadedFileOf('--etcd-cert', etcdCert) }),
    ...(etcdKey === undefined ? {} : { key: reloadedFileOf('--etcd-key', etcdKey) }),
  };
}
