import manifest from '../../../package.json' with { type: 'json' };
import { CfluxError } from '../../errors.js';
import type { Activity } from '../../protocol/activity.js';
import type { ManagerStatus, Whoami } from '../../protocol/manager-status.js';
import type { Manager } from '../manager.js';
import type { Exchange, RouteHandlers } from './exchange.js';
import { waitOf } from './request-headers.js';
import { sendJson } from './responses.js';
import { noSuchFile } from './ui-files.js';

/** The routes of the dashboard. */
export const dashboardRoutes: RouteHandlers<'whoami' | 'activity' | 'ui'> = {
  whoami({ response, access }) {
    const { bearer, requester } = access;
    const { author: name } = requester;
    const who: Whoami =
      bearer === undefined
        ? { name, scopes: ['admin'], open: true }
        : { ...bearerFields(bearer), open: false };
    sendJson(response, JSON.stringify(who));
  },

  async activity({ manager, request, response, access, open }, { after }) {
    const found = await manager.activity(
      { after, wait: waitOf(request) ?? 0, maySee: access.maySee, signal: open.signal },
      { requester: access.requester, connection: request.socket },
    );
    const activity: Activity = { manager: manager.id, ...found };
    sendJson(response, JSON.stringify(activity));
  },

  ui({ ui, request, response }, { file }) {
    if (ui === undefined) throw noSuchFile(file ?? '');
    ui.send(request, response, file);
  },
};

const bearerFields = ({ name, scopes, cluster }: Pick<Whoami, 'name' | 'scopes' | 'cluster'>) => ({
  name,
  scopes,
  cluster,
});

/** @param requests responses by route and status; they are for requesters that may see every cluster */
export async function sendStatus(
  { manager, response, access }: Exchange,
  requests: ManagerStatus['requests'],
): Promise<void> {
  const { id, startedAt, clock, nodeTtl, keepVersions, heldPolls, lastError } = manager;
  const totals = {
    heldPolls,
    requests,
    ...(lastError === undefined ? {} : { lastError: CfluxError.from(lastError).message }),
  };
  const status: ManagerStatus = {
    manager: { id, version: manifest.version, startedAt },
    now: clock.now(),
    store: await stateOf(manager),
    nodeTtl,
    history: keepVersions,
    ...(access.bearer?.cluster === undefined ? totals : {}),
  };
  sendJson(response, JSON.stringify(status));
}

async function stateOf(manager: Manager): Promise<ManagerStatus['store']> {
  const name = manager.storeName;
  try {
    await manager.check();
    return { name, ready: true };
  } catch (error) {
    return { name, ready: false, trouble: CfluxError.from(error).message };
  }
}
