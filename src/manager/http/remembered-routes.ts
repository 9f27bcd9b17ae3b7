import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { parseRoute } from '../../protocol/parse-route.js';
import type { Route } from '../../protocol/routes.js';

// A few megabytes in total: the routes of twenty thousand nodes.
const maxRoutes = 20_000;
const maxTarget = 256;

/** Parses the routes of requests; those of heartbeats are cached, because each node sends the same request line every few seconds. */
export class RememberedRoutes {
  readonly #heartbeats = new Map<string, Route>();

  /** @throws `BAD_REQUEST`: names in the path cannot be decoded. */
  of({ method = '', url = '' }: IncomingMessage): Route | undefined {
    if (method !== 'PUT') return parse(method, url);
    const remembered = this.#heartbeats.get(url);
    if (remembered !== undefined) return remembered;
    const route = parse(method, url);
    if (route !== undefined && url.length <= maxTarget) {
      if (this.#heartbeats.size === maxRoutes) this.#heartbeats.clear();
      this.#heartbeats.set(url, route);
    }
    return route;
  }
}

function parse(method: string, target: string): Route | undefined {
  try {
    return parseRoute(method, target);
  } catch (cause) {
    throw new CfluxError('BAD_REQUEST', 'invalid path: it is not percent-encoded UTF-8', {
      cause,
      outcome: 'notApplied',
    });
  }
}
