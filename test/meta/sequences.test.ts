import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMetadata, LocalMetaClient } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { answerTo, clusterIdOf, goSequences, type Step } from './support/go-sequences.js';

/** All results of a sequence, of clients that `open` makes: one at first and one for each `reopen`. */
async function replay(
  sequence: readonly Step[],
  open: (previous?: LocalMetaClient) => Promise<LocalMetaClient>,
): Promise<Step[]> {
  const answers: Step[] = [];
  let client: LocalMetaClient | undefined;
  for (const step of sequence) {
    if (step.op !== 'reset' && step.op !== 'reopen' && client !== undefined) {
      answers.push(await answerTo(client, step));
      continue;
    }
    client = await open(client);
    answers.push(step.op === 'reset' ? step : { ...step, index: String(client.data().index) });
  }
  return answers;
}

describe('the operations return what the Go client of InfluxDB 1.6.7 returned: results, errors, index', () => {
  for (const [number, sequence] of goSequences().entries()) {
    const options = {
      retentionAutoCreate: sequence[0]?.args['autoCreate'] === true,
      clusterId: clusterIdOf(sequence),
      bcryptCost: 4,
    };

    it(`sequence ${number + 1}, in memory`, async () => {
      const answers = await replay(sequence, async (previous) => {
        const client = new LocalMetaClient(options);
        if (previous === undefined) return client;
        // What a file would have kept; setData counts one.
        const data = decodeMetadata(previous.marshalBinary());
        await client.setData({ ...data, index: data.index - 1n });
        return client;
      });
      expect(answers).toEqual(sequence);
    });

    it(`sequence ${number + 1}, in a directory`, async () => {
      const dir = await mkdtemp(join(tmpdir(), 'cflux-meta-'));
      let last: LocalMetaClient | undefined;
      const answers = await replay(sequence, async (previous) => {
        await previous?.close();
        last = new LocalMetaClient({ ...options, dir });
        await last.open();
        return last;
      });
      await last?.close();
      await rm(dir, { recursive: true });
      expect(answers).toEqual(sequence);
    });
  }
});
