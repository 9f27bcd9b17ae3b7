import { CfluxError } from '../../errors.js';
import { isLoopbackAddress } from '../../protocol/host.js';

/**
 * Refuses to expose snapshots, and with them password hashes, to every client that can reach the machine.
 *
 * @param guarded clients must present a token or a certificate.
 * @throws `INVALID_OPTION`.
 */
export function checkBinding(host: string, guarded: boolean, insecure: boolean): void {
  if (guarded || insecure || host === 'localhost' || isLoopbackAddress(host)) return;
  throw new CfluxError(
    'INVALID_OPTION',
    `${JSON.stringify(host)} can be reached from other machines, and snapshots contain password hashes: ` +
      'set tokens (--tokens), or an authority of client certificates (--client-ca), or allow it (--insecure)',
  );
}
