import { chmodSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type TlsFixture = 'ca' | 'other-ca' | 'server' | 'server-key' | 'client' | 'client-key';

/**
 * The path of a PEM file of `test/fixtures/tls`. Only the owner may read a key: InfluxDB 1.12 refuses one that others may read, and git
 * keeps no more of a file's mode than whether it is executable.
 */
export function tlsFixture(name: TlsFixture): string {
  const file = fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
  if (name.endsWith('-key')) chmodSync(file, 0o600);
  return file;
}

/** The content of a PEM file of `test/fixtures/tls`. */
export const tlsPem = (name: TlsFixture): string => readFileSync(tlsFixture(name), 'utf8');
