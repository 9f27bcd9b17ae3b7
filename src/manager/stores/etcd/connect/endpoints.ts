import { CfluxError } from '../../../../errors.js';

export interface EtcdEndpoint {
  /** The original text, for messages. */
  readonly url: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
}

/** Parses a list of endpoints, or a text that separates them by commas. */
export function parseEndpoints(endpoints: string | readonly string[]): readonly EtcdEndpoint[] {
  const list = typeof endpoints === 'string' ? endpoints.split(',') : endpoints;
  const parsed = list.map((each) => each.trim()).map(parseEndpoint);
  if (parsed.length === 0)
    throw wrong('no endpoints: the list is empty; name at least one, such as http://10.0.0.1:2379');
  return parsed;
}

function parseEndpoint(text: string): EtcdEndpoint {
  const shown = JSON.stringify(text);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(`${shown} is not a valid URL; use one such as http://10.0.0.1:2379`);
  }
  if (url.username || url.password)
    throw wrong('the URL contains a user or password; use the option `user` instead');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(`${shown} has an unsupported scheme; use http: or https:`);
  }
  if (url.pathname !== '/' || url.search || url.hash)
    throw wrong(`${shown} has a path or query; end it with the port`);
  const secure = url.protocol === 'https:';
  return { url: text, address: url.port ? url.host : `${url.host}:${secure ? 443 : 80}`, secure };
}

const wrong = (why: string) => new CfluxError('INVALID_OPTION', `invalid etcd endpoint: ${why}`);
