import { CfluxError } from '../errors.js';
import type { NodeDescription, NodeInfo, Registered } from './nodes.js';

const refused = (message: string) => new CfluxError('BAD_REQUEST', message, { outcome: 'none' });

/** The description in the body of a registration. @throws `BAD_REQUEST` that names the field. */
export function parseRegistration(body: string): NodeDescription {
  const fields = parseObject(body);
  const bindAddress = text(fields, 'bindAddress');
  const addresses = fields['addresses'];
  if (addresses !== undefined && !isTexts(addresses)) throw refused('addresses must be an array of strings');
  return {
    ip: text(fields, 'ip') ?? '',
    hostname: text(fields, 'hostname') ?? '',
    ...(bindAddress === undefined || bindAddress === '' ? {} : { bindAddress }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

/** The body that answers a registration, in the published shape. */
export function registrationAnswer(
  { id, expirationDate }: Registered,
  { ip, hostname, bindAddress }: Pick<NodeInfo, 'ip' | 'hostname' | 'bindAddress'>,
): string {
  const metadata = { ip, hostname, bindAddress };
  return JSON.stringify({ status: 'ok', id, expirationDate, message: 'registered', metadata });
}

/** A node in a listing: the address in both spellings, for each of them is read by somebody. */
export function listedNode({ id, ip, hostname, bindAddress, alive }: NodeInfo) {
  return { id, ip, hostname, bindAddress, 'bind-address': bindAddress, alive };
}

function parseObject(body: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (cause) {
    throw new CfluxError('BAD_REQUEST', 'the registration is not JSON', { cause, outcome: 'none' });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw refused('the registration is not a JSON object');
  }
  return { ...parsed };
}

function text(fields: Record<string, unknown>, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw refused(`${name} must be a string`);
  return value;
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
