import { CfluxError } from '../../errors.js';
import { isLoopbackAddress } from '../../protocol/host.js';

/**
 * Refuses to show snapshots, and with them password hashes, to whoever reaches the machine.
 *
 * @param guarded clients must show a token or a certificate.
 * @throws `INVALID_OPTION`.
 */
export function checkBinding(host: string, guarded: boolean, insecure: boolean): void {
  if (guarded || insecure || host === 'localhost' || isLoopbackAddress(host)) return;
  throw new CfluxError(
    'INVALID_OPTION',
    `${JSON.stringify(host)} is reached from other machines, and snapshots hold password hashes: ` +
      'set up tokens or client certificates, or say that it shall be insecure',
  );
}
