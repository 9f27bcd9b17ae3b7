import { CfluxError, type NodeReport } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { AgentLog } from '../../src/cli/agent/agent-log.js';
import { AgentReporter, type ReportContent } from '../../src/cli/agent/agent-reporter.js';

function setUp(fail: () => CfluxError | undefined = () => undefined) {
  const clock = new ManualClock();
  const sent: NodeReport[] = [];
  const lines: string[] = [];
  const log = new AgentLog((line) => lines.push(line), { json: false, clock });
  let content: ReportContent | undefined;
  const target = {
    report: async (report: NodeReport) => {
      sent.push(report);
      const error = fail();
      if (error !== undefined) throw error;
    },
  };
  const reporter = new AgentReporter(target, { content: () => content, clock, log });
  const say = (reachable: boolean) => {
    const none = { pending: 0, refused: 0, unmanaged: 0, unverified: 0, findings: [] };
    content = { version: 1, influxdb: { reachable }, drops: false, inSync: 0, ...none };
    reporter.changed();
  };
  return { clock, sent, lines, reporter, say };
}

it('reports what changed, once, and again when the manager may have lost it', async () => {
  const { clock, sent, reporter, say } = setUp();
  reporter.changed();
  await clock.advance(5_000);
  expect(sent).toEqual([]);
  say(true);
  await clock.advance(1);
  say(true);
  await clock.advance(10_000);
  expect(sent.map(({ influxdb }) => influxdb.reachable)).toEqual([true]);
  say(false);
  say(true);
  say(false);
  await clock.advance(5_000);
  expect(sent.map(({ influxdb }) => influxdb.reachable)).toEqual([true, false]);
  reporter.forgotten();
  await clock.advance(5_000);
  expect(sent).toHaveLength(3);
  await clock.advance(11 * 60_000);
  expect(sent).toHaveLength(4);
  reporter.close();
  expect(clock.timers).toBe(0);
});

it('tries again after a failure, and ends at the 404 of an older manager', async () => {
  let error: CfluxError | undefined = new CfluxError('UNREACHABLE', 'away', { retryable: true });
  const { clock, sent, say } = setUp(() => error);
  say(true);
  await clock.advance(12_000);
  expect(sent.length).toBeGreaterThan(1);
  error = new CfluxError('NO_SUCH_ROUTE', 'no such route', { status: 404 });
  await clock.advance(6_000);
  const before = sent.length;
  say(false);
  await clock.advance(60_000);
  expect(sent).toHaveLength(before);
  expect(clock.timers).toBe(0);
});
