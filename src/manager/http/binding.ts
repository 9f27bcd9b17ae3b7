import { isIP } from 'node:net';
import { CfluxError } from '../../errors.js';

/** Whether only this machine reaches an address. */
function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  if (isIP(host) === 6) return /^(?:0*:)*0*1$/.test(host) || /^::ffff:127\./i.test(host);
  return host === 'localhost';
}

/**
 * Refuses to show snapshots, and with them password hashes, to whoever reaches the machine.
 *
 * @param guarded clients must show a token or a certificate.
 * @throws `INVALID_OPTION`.
 */
export function checkBinding(host: string, guarded: boolean, insecure: boolean): void {
  if (guarded || insecure || isLoopback(host)) return;
  throw new CfluxError(
    'INVALID_OPTION',
    `${JSON.stringify(host)} is reached from other machines, and snapshots hold password hashes: ` +
      'set up tokens or client certificates, or say that it shall be insecure',
  );
}
