/** The parts of a request target as a Go server reads it. */
export interface Target {
  /** Decoded; a target that Go refuses has no path. */
  readonly path: string;
  /** What follows the first question mark, as sent; empty without one. */
  readonly search: string;
}

/** Parses the origin form and the absolute form. `#` does not delimit: a Go server reads it as a part of the path. */
export function targetOf(url: string): Target {
  const rest = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
  const question = rest.indexOf('?');
  const path = question < 0 ? rest : rest.slice(0, question);
  const search = question < 0 ? '' : rest.slice(question + 1);
  return { path: path.includes('%') ? decoded(path) : path, search };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // An escape that is no UTF-8 is in no path of InfluxDB.
    return '';
  }
}

/** Returns the target without the parameters of these names, in whatever way they are escaped. */
export function withoutParameters(url: string, names: readonly string[]): string {
  const question = url.indexOf('?');
  if (question < 0) return url;
  const isOther = (pair: string) => {
    const name = pair.split('=', 1)[0]?.replaceAll('+', ' ') ?? '';
    return !names.includes(name.includes('%') ? decoded(name) : name);
  };
  return `${url.slice(0, question)}?${url
    .slice(question + 1)
    .split('&')
    .filter(isOther)
    .join('&')}`;
}
