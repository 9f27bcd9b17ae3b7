import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** What an HTML file refers to, and the anchors that it has. */
interface BuiltPage {
  readonly links: readonly string[];
  readonly resources: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

/** Returns what is wrong with the links, the anchors and the origins of a built site; empty if nothing is. */
export function checkPages(site: string, base: string): string[] {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).sort();
  const pages = new Map(
    files.filter((file) => file.endsWith('.html')).map((file) => [file, read(join(site, file))] as const),
  );
  const findings: string[] = [];
  for (const [file, { links, resources }] of pages) {
    for (const link of links) {
      const problem = brokenLink(link, file);
      if (problem !== undefined) findings.push(`${file}: ${link}: ${problem}`);
    }
    for (const url of resources.filter(isForeign)) findings.push(`${file}: loads ${url} of another origin`);
  }
  for (const file of files.filter((name) => name.endsWith('.css')))
    for (const [, url = ''] of readFileSync(join(site, file), 'utf8').matchAll(/url\(["']?([^"')]+)/g))
      if (isForeign(url)) findings.push(`${file}: loads ${url} of another origin`);
  return findings;

  function brokenLink(link: string, from: string): string | undefined {
    if (/^(?:https?:|mailto:)/.test(link)) return undefined;
    const [path = '', anchor] = link.split('#');
    if (path.startsWith('/') && !path.startsWith(base)) return `is not below ${base}`;
    const below = path.startsWith('/') ? path.slice(base.length) : posix.join(posix.dirname(from), path);
    const target = path === '' ? from : below === '' || below.endsWith('/') ? `${below}index.html` : below;
    if (!target.endsWith('.html'))
      return existsSync(join(site, target)) ? undefined : 'there is no such file';
    const page = pages.get(target);
    if (page === undefined) return 'there is no such page';
    if (anchor === undefined || anchor === '' || page.anchors.has(decodeURIComponent(anchor)))
      return undefined;
    return 'the page has no such anchor';
  }
}

const isForeign = (url: string) => /^(?:https?:)?\/\//.test(url);

function read(file: string): BuiltPage {
  const html = readFileSync(file, 'utf8');
  const valuesOf = (pattern: RegExp) =>
    [...html.matchAll(pattern)].map(([, value = '']) => value.replaceAll('&amp;', '&'));
  return {
    links: valuesOf(/<a\b[^>]*\shref="([^"]*)"/g),
    resources: [
      ...valuesOf(/<(?:script|img|iframe|source|video|audio)\b[^>]*\ssrc="([^"]*)"/g),
      ...valuesOf(/<link\b[^>]*\shref="([^"]*)"/g),
    ],
    anchors: new Set(valuesOf(/\sid="([^"]*)"/g)),
  };
}
