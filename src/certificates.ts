import { X509Certificate } from 'node:crypto';

/** A certificate that is in use. */
export interface CertificateInfo {
  /** The option with the certificate: `cert` or `ca`. */
  readonly option: 'cert' | 'ca';
  /** Its distinguished name, such as `CN=manager.example`. */
  readonly subject: string;
  readonly serialNumber: string;
  /** Time of expiry, in milliseconds since 1970. */
  readonly expiresAt: number;
}

const beginning = '-----BEGIN ';

/** Returns the certificate blocks of a PEM text, each from its first line on, without keys. */
function blocksIn(text: string): readonly string[] {
  const parts = text.split(beginning).slice(1);
  const complete = parts.filter(
    (part) => /^(?:X509 |TRUSTED )?CERTIFICATE-----/.test(part) && part.includes('-----END '),
  );
  return complete.map((part) => `${beginning}${part}`);
}

/** Returns every certificate of a PEM text. @throws Error if the text has no certificate, or one cannot be decoded. */
export function certificatesIn(option: 'cert' | 'ca', pem: string | Uint8Array): readonly CertificateInfo[] {
  const text = typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1');
  // Without a block, decode the text itself for the decoder's error.
  const blocks = blocksIn(text);
  return (blocks.length === 0 ? [text] : blocks).map((block) => {
    const { subject, serialNumber, validTo } = new X509Certificate(block);
    return {
      option,
      subject: (subject ?? '').replaceAll('\n', ', '),
      serialNumber,
      expiresAt: Date.parse(validTo),
    };
  });
}

const day = 86_400_000;
/** Days before a certificate expires at which a warning is due. */
const thresholds = [0, 1, 3, 7, 14, 30];

/** Warns 30, 14, 7, 3 and 1 days before a certificate expires, and after it has expired: once for each threshold. */
export class ExpiryWarnings {
  readonly #warn: (message: string) => void;
  #warned = new Map<string, number>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  check(certificates: readonly CertificateInfo[], now: number): void {
    const warned = new Map<string, number>();
    for (const certificate of certificates) {
      const { option, subject, serialNumber, expiresAt } = certificate;
      const threshold = thresholds.find((days) => expiresAt - now <= days * day);
      if (threshold === undefined) continue;
      const key = `${option} ${serialNumber} ${expiresAt} ${subject}`;
      if (threshold < (this.#warned.get(key) ?? Number.POSITIVE_INFINITY))
        this.#warn(messageOf(certificate, now));
      warned.set(key, threshold);
    }
    this.#warned = warned;
  }
}

function messageOf({ option, subject, expiresAt }: CertificateInfo, now: number): string {
  const at = new Date(expiresAt).toISOString();
  const left = Math.floor((expiresAt - now) / day);
  const when =
    expiresAt <= now ? `expired at ${at}` : `expires at ${at}, in ${left === 1 ? '1 day' : `${left} days`}`;
  return `TLS certificate ${subject} (${option}) ${when}; replace it`;
}
