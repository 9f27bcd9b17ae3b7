import { CfluxError } from '../../../../errors.js';

export interface EtcdEndpoint {
  /** As it was given, for people. */
  readonly url: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
}

/** The endpoints of a list, or of a text that separates them by commas. */
export function parseEndpoints(endpoints: string | readonly string[]): readonly EtcdEndpoint[] {
  const list = typeof endpoints === 'string' ? endpoints.split(',') : endpoints;
  const parsed = list.map((each) => each.trim()).map(parseEndpoint);
  if (parsed.length === 0) throw wrong('the list of endpoints is empty');
  return parsed;
}

function parseEndpoint(text: string): EtcdEndpoint {
  const shown = JSON.stringify(text);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong(`${shown} is no URL, such as http://10.0.0.1:2379`);
  }
  if (url.username || url.password) throw wrong('a URL with a user or password is not taken, use `user`');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(`${shown} is neither http: nor https:`);
  }
  if (url.pathname !== '/' || url.search || url.hash) throw wrong(`${shown} must end with the port`);
  const secure = url.protocol === 'https:';
  return { url: text, address: url.port ? url.host : `${url.host}:${secure ? 443 : 80}`, secure };
}

const wrong = (why: string) => new CfluxError('INVALID_OPTION', `etcd: ${why}`);
