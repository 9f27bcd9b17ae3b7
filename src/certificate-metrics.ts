import type { Registry } from 'prom-client';
import type { CertificateInfo } from './certificates.js';

/** A certificate, and the labels that distinguish its use. */
export interface ShownCertificate {
  readonly certificate: CertificateInfo;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Adds a gauge of the expiry time of each certificate in use.
 *
 * @param options `prefix`: of the metric's name; `labelNames`: labels that certificates may have besides their own
 */
export function showCertificates(
  { Gauge }: typeof import('prom-client'),
  registry: Registry,
  certificates: () => readonly ShownCertificate[],
  options: { readonly prefix?: string; readonly labelNames?: readonly string[] } = {},
): void {
  const { prefix = 'cflux', labelNames = [] } = options;
  new Gauge({
    name: `${prefix}_certificate_expiry_timestamp_seconds`,
    help: 'When a TLS certificate in use expires.',
    labelNames: [...labelNames, 'option', 'subject', 'serial'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { certificate, labels } of certificates()) {
        const { option, subject, serialNumber, expiresAt } = certificate;
        this.set({ ...labels, option, subject, serial: serialNumber }, expiresAt / 1_000);
      }
    },
  });
}
