import { CfluxError, type CfluxErrorOf, isCfluxError } from '../errors.js';
import { bcryptMatches } from '../meta/bcrypt.js';
import type { MetaData } from '../meta/records.js';
import type { InfluxConnection } from './influx-connection.js';
import { influxqlOf } from './statement.js';

/** Whether a server asks for credentials and has no user yet: then it does nothing but create its first administrator. */
export function isWithoutUsers(error: unknown): error is CfluxErrorOf<'FORBIDDEN'> {
  return isCfluxError(error, 'FORBIDDEN') && error.message.includes('create admin user first');
}

/**
 * Creates the account that the mirror uses as the first administrator of a server, if it is an administrator of the cluster with
 * this password: an account that the cluster does not have is not the mirror's to make.
 */
export async function createFirstAdmin(connection: InfluxConnection, wanted: MetaData): Promise<void> {
  const { username, url } = connection.address;
  const password = await connection.password();
  const user = wanted.users.find(({ name }) => name === username);
  const isAdmin =
    user?.admin === true && password !== undefined && (await bcryptMatches(password, user.hash));
  if (!isAdmin) {
    throw new CfluxError(
      'FORBIDDEN',
      `InfluxDB at ${url} asks for credentials and has no user: create an administrator there, or give the mirror the account of an administrator of the cluster`,
    );
  }
  const [statement = ''] = influxqlOf({ kind: 'createUser', user: user.name, admin: true }, password);
  await connection.execute(statement, { secret: true }).catch((error: unknown) => connection.explain(error));
}
