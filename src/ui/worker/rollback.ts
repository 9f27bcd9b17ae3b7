import { checkAdministrators } from '../../meta/administrators.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { differenceLines } from '../../meta/metadata-differences.js';
import { onTopOf } from '../../meta/on-top-of.js';
import { encodeDrops, readDropOrders } from '../../protocol/drop-orders.js';
import { headers } from '../../protocol/headers.js';
import { revocationOf } from '../../protocol/revoked-orders.js';
import { paths } from '../../protocol/routes.js';
import { parseVersion } from '../../protocol/version.js';
import { ApiError } from '../api/api-error.js';
import { send } from '../api/send.js';
import { differencesOf, droppedBy } from './compare.js';
import type { Calls, Preview, RollbackResult } from './messages.js';
import type { Snapshots } from './snapshots.js';

/** What a rollback would change, on the newest version. */
export async function previewOf(
  snapshots: Snapshots,
  { cluster, epoch, version }: Calls['preview']['request'],
): Promise<Preview> {
  const { data: current, ...base } = await snapshots.newest(cluster);
  const wanted = onTopOf(current, await snapshots.of(cluster, epoch, version));
  const found = differencesOf(current, wanted);
  return {
    base,
    lines: differenceLines(found),
    isSame: equalMetadata(current, wanted),
    dropped: droppedBy(found),
    refusal: refusalOf(() => checkAdministrators(current, wanted)),
  };
}

/** Makes a version current again, if the newest is still the one of the preview. */
export async function rollBack(
  snapshots: Snapshots,
  { cluster, epoch, version, base }: Calls['rollback']['request'],
): Promise<RollbackResult> {
  const { data: current, ...newest } = await snapshots.newest(cluster);
  if (newest.version !== base.version || newest.epoch !== base.epoch) return { kind: 'conflict' };
  const wanted = onTopOf(current, await snapshots.of(cluster, epoch, version));
  checkAdministrators(current, wanted);
  const drops = revocationOf(wanted, version, await ordersAfter(snapshots, cluster, version));
  const mutation = randomId();
  const push = () =>
    send(snapshots.access, paths.version(cluster, base.version), {
      method: 'POST',
      headers: {
        [headers.mutation]: mutation,
        ...(base.epoch === undefined ? {} : { [headers.epoch]: base.epoch }),
        ...(drops === undefined ? {} : { [headers.drops]: encodeDrops(drops) }),
      },
      body: new Uint8Array(encodeMetadata(wanted)),
      timeout: 60_000,
      expected: [409, 412],
    });
  // The mutation makes a second attempt safe: it is stored once.
  const response = await push().catch((cause: unknown) => {
    if (ApiError.from(cause).isOutage) return push();
    throw cause;
  });
  const stored = parseVersion(response.headers.get(headers.version));
  const isOurs = response.status === 200 || response.headers.get(headers.lastMutation) === mutation;
  return isOurs && stored !== undefined ? { kind: 'stored', version: stored } : { kind: 'conflict' };
}

/** The drop orders of later versions: what the rollback restores must not be dropped by a server that was away. */
async function ordersAfter({ access }: Snapshots, cluster: string, version: number) {
  const response = await send(access, `${paths.dropOrders(cluster)}?since=${version}`);
  return readDropOrders(await response.text()).orders;
}

function refusalOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    // The rest is advice for the command line.
    const { message } = ApiError.from(error);
    // The flags of the command do not apply here.
    return message.split(', or pass --')[0] ?? message;
  }
}

/** `crypto.randomUUID` exists only on https and loopback. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
