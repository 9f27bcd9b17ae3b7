import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type CertificateInfo, certificatesIn, ExpiryWarnings } from './certificates.js';
import type { Clock } from './clock.js';
import { CfluxError } from './errors.js';

/** Returns the current PEM text, such as the content of a file. It is called repeatedly, at most once a second. */
export type PemFunction = () => string | Uint8Array;

/** PEM values of one end of TLS connections; each may be a function. */
export interface TlsSources {
  readonly ca?: PemValue<'ca'> | PemFunction;
  readonly cert?: PemValue<'cert'> | PemFunction;
  readonly key?: PemValue<'key'> | PemFunction;
  readonly passphrase?: string | undefined;
}

type Option = 'ca' | 'cert' | 'key';
/** The value of one TLS option: text or bytes in PEM, or a list of them. */
export type PemValue<Name extends 'ca' | 'cert' | 'key'> =
  | SecureContextOptions[Name]
  | Uint8Array
  | readonly (string | Uint8Array)[];

/** The options of Node's TLS. */
export type TlsValues = Pick<SecureContextOptions, Option | 'passphrase'>;

export interface TlsCredentialsOptions {
  readonly sources: TlsSources;
  readonly clock: Clock;
  /** Receives the reason when changed values cannot be used, and warnings before certificates expire. */
  readonly warn: (message: string) => void;
  /** Called with the certificates after each load. */
  readonly onLoad?: ((certificates: readonly CertificateInfo[]) => void) | undefined;
}

/** Interval between two checks for changes, in milliseconds. */
export const lookInterval = 1_000;

/**
 * Certificates and keys that are reloaded when they change. Contents are compared, not file times, to detect a copy that preserves
 * the time, a renamed directory and a changed symbolic link. If new values cannot be used, for example a certificate whose key is not
 * written yet, the previous ones stay in use.
 */
export class TlsCredentials {
  readonly #options: TlsCredentialsOptions;
  readonly #expiry: ExpiryWarnings;
  #loaded: Loaded;
  #lookedAt: number;
  #failure: string | undefined;

  /** @throws CfluxError `INVALID_OPTION` if a certificate or key cannot be used */
  constructor(options: TlsCredentialsOptions) {
    this.#options = options;
    this.#expiry = new ExpiryWarnings(options.warn);
    this.#loaded = load(options.sources);
    this.#lookedAt = options.clock.monotonic();
    this.#report();
  }

  get values(): TlsValues {
    return this.#loaded.values;
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#loaded.certificates;
  }

  /** Reads the sources again if the interval is over. Returns whether {@link values} changed. */
  refresh(): boolean {
    const now = this.#options.clock.monotonic();
    if (now - this.#lookedAt < lookInterval) return false;
    this.#lookedAt = now;
    const isChanged = this.#reload();
    if (isChanged) this.#report();
    else this.#checkExpiry();
    return isChanged;
  }

  #reload(): boolean {
    try {
      const read = readSources(this.#options.sources);
      const isChanged = digestOf(read) !== this.#loaded.digest;
      if (isChanged) this.#loaded = check(read);
      this.#failure = undefined;
      return isChanged;
    } catch (error) {
      const reason = CfluxError.from(error).message;
      if (reason !== this.#failure) {
        this.#options.warn(`cannot reload TLS certificates: ${reason}; the previous ones stay in use`);
      }
      this.#failure = reason;
      return false;
    }
  }

  #report(): void {
    this.#options.onLoad?.(this.certificates);
    this.#checkExpiry();
  }

  #checkExpiry(): void {
    this.#expiry.check(this.certificates, this.#options.clock.now());
  }
}

interface Loaded {
  readonly values: TlsValues;
  readonly digest: string;
  readonly certificates: readonly CertificateInfo[];
}

const load = (sources: TlsSources): Loaded => check(readSources(sources));

const readSources = ({ ca, cert, key, passphrase }: TlsSources): TlsValues => ({
  ca: read<'ca'>(ca),
  cert: read<'cert'>(cert),
  key: read<'key'>(key),
  passphrase,
});

function read<Name extends Option>(source: TlsSources[Name]): TlsValues[Name] {
  const value = typeof source === 'function' ? source() : source;
  return (Array.isArray(value) ? value.map(asBuffer) : asBuffer(value)) as TlsValues[Name];
}

/** Converts to a Buffer, because undici and Node's TLS do not accept every Uint8Array. */
const asBuffer = (value: unknown) =>
  value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value) : value;

const isPem = (value: unknown): value is string | Buffer =>
  typeof value === 'string' || Buffer.isBuffer(value);

/** Returns a digest of the values that can change: functions return text or bytes. */
function digestOf({ ca, cert, key }: TlsValues): string {
  const hash = createHash('sha256');
  for (const value of [ca, cert, key]) {
    for (const part of [value].flat())
      if (isPem(part)) hash.update(createHash('sha256').update(part).digest());
    hash.update('|');
  }
  return hash.digest('hex');
}

/** Checks that the key belongs to the certificate: OpenSSL does not detect an RSA certificate with an elliptic curve key. */
function checkPair({ cert, key, passphrase }: TlsValues): void {
  if (!isPem(cert) || !isPem(key)) return;
  const privateKey = createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  if (!new X509Certificate(cert).checkPrivateKey(privateKey)) {
    throw new Error('key values mismatch: the key does not belong to the certificate');
  }
}

/** Loads the values, so that errors are reported now and not at the first connection. */
function check(values: TlsValues): Loaded {
  try {
    createSecureContext(values);
    checkPair(values);
    // TLS would silently ignore a `ca` text without a certificate, and refuse every peer.
    const of = (option: 'ca' | 'cert') =>
      [values[option] ?? []]
        .flat()
        .filter(isPem)
        .flatMap((pem) => certificatesIn(option, pem));
    return { values, digest: digestOf(values), certificates: [...of('cert'), ...of('ca')] };
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `tls: ${CfluxError.from(cause).message}`, { cause });
  }
}
