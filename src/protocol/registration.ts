import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import type { NodeDescription, NodeInfo, Registration } from './nodes.js';

const refuse: JsonRefusal = ({ place, expected, cause }) =>
  new CfluxError(
    'BAD_REQUEST',
    place === '' ? `the registration is not ${expected}` : `${place} must be ${expected}`,
    { cause, outcome: 'notApplied' },
  );

/** The description in the body of a registration. @throws `BAD_REQUEST` that names the field. */
export function parseRegistration(body: string): NodeDescription {
  const fields = JsonObject.parse(body, refuse);
  const textOf = (name: string) => (fields.value(name) === null ? undefined : fields.optionalText(name));
  const bindAddress = textOf('bindAddress');
  const addresses = fields.optionalTexts('addresses');
  return {
    ip: textOf('ip') ?? '',
    hostname: textOf('hostname') ?? '',
    ...(bindAddress === undefined || bindAddress === '' ? {} : { bindAddress }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

/** The body that answers a registration, in the published shape. */
export function registrationAnswer(
  { id, expirationDate }: Registration,
  { ip, hostname, bindAddress }: Pick<NodeInfo, 'ip' | 'hostname' | 'bindAddress'>,
): string {
  const metadata = { ip, hostname, bindAddress };
  return JSON.stringify({ status: 'ok', id, expirationDate, message: 'registered', metadata });
}

/** A node in a listing: the address in both spellings, for each of them is read by somebody. */
export function listedNode({ id, ip, hostname, bindAddress, alive, ...more }: NodeInfo) {
  return { id, ip, hostname, bindAddress, 'bind-address': bindAddress, alive, ...more };
}
