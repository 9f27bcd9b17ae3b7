import { writeSchema } from '../influxql/index.js';
import type { MetaData } from '../meta/records.js';
import type { Terminal } from './terminal.js';

/** Returns a file for `cflux apply`. What InfluxQL cannot express is listed at its start and logged. */
export async function schemaFile(
  cluster: string,
  version: number,
  data: MetaData,
  terminal: Terminal,
): Promise<Uint8Array> {
  const { statements, omitted } = await writeSchema(data);
  for (const each of omitted) terminal.err(`cflux: omitted, InfluxQL cannot express it: ${each}`);
  const head = [
    `Cluster ${JSON.stringify(cluster)}, version ${version}.`,
    ...(data.users.length === 0
      ? []
      : ['The password of each user is a parameter with its name: cflux apply … --param-env name=VARIABLE']),
    ...omitted.map((each) => `Omitted, InfluxQL cannot express it: ${each}`),
  ];
  const comments = head.map((line) => `-- ${line.replaceAll(/[\r\n\0]/g, ' ')}\n`);
  return Buffer.from(`${comments.join('')}\n${statements.map((statement) => `${statement};\n`).join('')}`);
}
