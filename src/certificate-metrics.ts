import type { Registry } from 'prom-client';
import type { CertificateInfo } from './certificates.js';

/** Adds the gauge of when each certificate in use expires. */
export function showCertificates(
  { Gauge }: typeof import('prom-client'),
  registry: Registry,
  certificates: () => readonly CertificateInfo[],
): void {
  new Gauge({
    name: 'cflux_certificate_expiry_timestamp_seconds',
    help: 'When a TLS certificate in use expires.',
    labelNames: ['option', 'subject', 'serial'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { option, subject, serialNumber, expiresAt } of certificates()) {
        this.set({ option, subject, serial: serialNumber }, expiresAt / 1_000);
      }
    },
  });
}
