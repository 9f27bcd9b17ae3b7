/** The addresses of a node as the API has them. */
export interface Addresses {
  /** `10.0.0.1,10.0.0.2` */
  readonly ip: string;
  /** `['10.0.0.1', '10.0.0.2']` */
  readonly addresses: readonly string[];
}

/** Parses the published format, in which a comma follows each address, including the last: `10.0.0.1,10.0.0.2,`. */
export function readAddresses(ip: string): Addresses {
  const addresses = ip.split(',').filter((address) => address !== '');
  return { ip: addresses.join(','), addresses };
}

/** Formats addresses as published, which legacy clients depend on. */
export const writeAddresses = ({ addresses }: Pick<Addresses, 'addresses'>): string =>
  addresses.map((address) => `${address},`).join('');
