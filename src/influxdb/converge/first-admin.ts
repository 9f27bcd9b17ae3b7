import { CfluxError, type CfluxErrorOf, isCfluxError } from '../../errors.js';
import { bcryptMatches } from '../../meta/bcrypt.js';
import type { MetaData } from '../../meta/records.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import { influxqlOf } from '../statements/statement.js';

/** Returns whether a server requires authentication but has no user: it then allows only to create the first administrator. */
export function isWithoutUsers(error: unknown): error is CfluxErrorOf<'FORBIDDEN'> {
  return isCfluxError(error, 'FORBIDDEN') && error.message.includes('create admin user first');
}

/**
 * Creates the mirror's account as the first administrator of a server, only if it is an administrator of the cluster with this
 * password, because the mirror must not create an account that is not part of the cluster.
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
      `InfluxDB at ${url} requires authentication and has no user: create an administrator there, or use the account of an administrator of the cluster`,
    );
  }
  await createAdmin(connection, user.name, password);
}

/** Creates an administrator on a server without users. Rejects as `InfluxConnection.execute` does. */
export async function createAdmin(
  connection: InfluxConnection,
  user: string,
  password: string,
): Promise<void> {
  const [statement = ''] = influxqlOf({ kind: 'createUser', user, admin: true }, password);
  await connection.execute(statement, { secret: true }).catch((error: unknown) => connection.explain(error));
}
