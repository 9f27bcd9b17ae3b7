/** One node of the demo: an InfluxDB metadata file and a CfluxClient around it, driven by the parent process. */
import { CfluxClient, digestMetadata, isCfluxError, LocalMetaClient } from 'clusterflux';
import type { Answer, Report, Request } from './messages.js';

const [dir = '', endpoint = ''] = process.argv.slice(2);

const client = new CfluxClient(new LocalMetaClient({ dir }), {
  cluster: 'demo',
  endpoint,
  dir,
  pollWait: 20_000,
});
client.on('conflict', () => notify({ event: 'conflict' }));
client.on('pushed', () => notify({ event: 'pushed' }));

function notify(report: Report): void {
  process.send?.(report);
}

const commands = {
  open: () => client.open(),
  close: () => client.close(),
  createDatabase: (name: string) => client.createDatabase(name),
  /** Appends to one list that every node appends to: applied twice, or lost, it shows. */
  append: (entry: string) =>
    client.mutate(async (meta) => {
      const database = await meta.database('telegraf');
      const query = database?.continuousQueries.find(({ name }) => name === 'ledger')?.query ?? '';
      await meta.dropContinuousQuery('telegraf', 'ledger');
      await meta.createContinuousQuery('telegraf', 'ledger', `${query} ${entry}`.trim());
    }),
  waitForVersion: (version: number) => client.waitForVersion(version, { timeout: 20_000 }),
  async show() {
    const data = await client.data();
    const ledger = data.databases
      .flatMap(({ continuousQueries }) => continuousQueries)
      .find(({ name }) => name === 'ledger');
    return {
      version: client.status.version,
      digest: digestMetadata(data),
      databases: data.databases.map(({ name }) => name),
      users: data.users.length,
      entries: ledger?.query.split(' ') ?? [],
    };
  },
};

export type Commands = typeof commands;

process.on('message', ({ id, command, argument }: Request) => {
  const run = commands[command] as (argument: unknown) => Promise<unknown>;
  run(argument).then(
    (result) => answer({ id, result }),
    (error: unknown) =>
      answer({ id, error: String(error), code: isCfluxError(error) ? error.code : undefined }),
  );
});

function answer(message: Answer): void {
  process.send?.(message, () => undefined);
}
