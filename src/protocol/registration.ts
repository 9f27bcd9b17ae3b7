import { CfluxError } from '../errors.js';
import { JsonObject, type JsonRefusal } from '../json-object.js';
import type { NodeDescription, NodeInfo, Registration } from './nodes.js';

const refuse: JsonRefusal = ({ place, expected, cause }) =>
  new CfluxError(
    'BAD_REQUEST',
    place === '' ? `the registration is not ${expected}` : `${place} must be ${expected}`,
    { cause, outcome: 'notApplied' },
  );

/** Parses the description in the body of a registration. @throws `BAD_REQUEST` that names the field. */
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

/** Returns the body of the response to a registration, in the documented format. */
export function registrationResponse(
  { id, expirationDate }: Registration,
  { ip, hostname, bindAddress }: Pick<NodeInfo, 'ip' | 'hostname' | 'bindAddress'>,
): string {
  const metadata = { ip, hostname, bindAddress };
  return JSON.stringify({ status: 'ok', id, expirationDate, message: 'registered', metadata });
}

/** Returns a node for a listing: the address has both spellings, because different clients read different ones. */
export function listedNode({ id, ip, hostname, bindAddress, alive, ...more }: NodeInfo) {
  return { id, ip, hostname, bindAddress, 'bind-address': bindAddress, alive, ...more };
}
