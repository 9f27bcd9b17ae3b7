import { readFile } from 'node:fs/promises';
import { decodeMetadata } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { afterEach, expect, it } from 'vitest';
import { type Influxd, type InfluxdOptions, startInfluxd } from '../support/influxd.js';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';

const servers: Influxd[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.remove();
});

async function start(options: InfluxdOptions = {}): Promise<Influxd> {
  const server = await startInfluxd(options);
  servers.push(server);
  return server;
}

const fixture = (name: string) => readFile(new URL(`../fixtures/meta/${name}.db`, import.meta.url));

describeWithServer('influxd', 'readInfluxMetadata', () => {
  for (const name of ['empty-fresh', 'basic', 'no-autogen', 'internal-precreated']) {
    it(`gives the same schema by SHOW and by the snapshot port: ${name}`, async () => {
      const file = decodeMetadata(await fixture(name));
      const server = await start({ metadata: await fixture(name) });
      const shown = await readInfluxMetadata(server.url);
      const snapshot = await readInfluxMetadata(server.url, { snapshot: server.snapshot });
      expect(schemaOf(shown)).toEqual(schemaOf(file));
      expect(schemaOf(snapshot)).toEqual(schemaOf(file));
      expect(snapshot.users.map(({ hash }) => hash)).toEqual(file.users.map(({ hash }) => hash));
      expect(snapshot.clusterId).toBe(file.clusterId);
      expect(snapshot.databases.map(({ name }) => name)).toEqual(shown.databases.map(({ name }) => name));
    });
  }

  it('finds the snapshot port by itself', async () => {
    const server = await start({ metadata: await fixture('basic') });
    const data = await readInfluxMetadata(server.url, { snapshot: true });
    expect(data.users[0]?.hash).toMatch(/^\$2a\$10\$/);
  });

  it('reads every row from a server that limits the rows of a response', async () => {
    const server = await start({ maxRowLimit: 2, metadata: await fixture('basic') });
    const data = await readInfluxMetadata(server.url);
    expect(schemaOf(data)).toEqual(schemaOf(decodeMetadata(await fixture('basic'))));
  });

  it('refuses the snapshot port of another server', async () => {
    const server = await start({ metadata: await fixture('basic') });
    const other = await start();
    await expect(readInfluxMetadata(server.url, { snapshot: other.snapshot })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it('distinguishes administrators from others, and repeats no password', async () => {
    const server = await start({ auth: true, metadata: await fixture('basic') });
    const admin = { username: 'admin', password: 'admin-secret' };
    const data = await readInfluxMetadata(server.url, admin);
    expect(schemaOf(data)).toEqual(schemaOf(decodeMetadata(await fixture('basic'))));
    const url = server.url.replace('//', '//admin:admin-secret@');
    expect(schemaOf(await readInfluxMetadata(url))).toEqual(schemaOf(data));

    const refused = async (options: object) =>
      readInfluxMetadata(server.url, options).then(
        () => 'read',
        (error: unknown) => error,
      );
    expect(await refused({})).toMatchObject({ code: 'UNAUTHORIZED' });
    const wrong = await refused({ username: 'admin', password: 'Wr0ng' });
    expect(wrong).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(String(wrong)).not.toContain('Wr0ng');
    // He would be shown the databases that he may read, as if there were no others.
    expect(await refused({ username: 'alice', password: "al'ice pw" })).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('reports why a server does not respond', async () => {
    const server = await start();
    await server.stop();
    await expect(readInfluxMetadata(server.url)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: true,
    });
    await expect(readInfluxMetadata('http://user:Secr3t@[::')).rejects.toThrow(/^url: the URL is not a URL/);
  });
});
