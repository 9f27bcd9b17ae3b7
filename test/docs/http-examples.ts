import { blocksOf } from './markdown.js';

/** A request of the page, as it is sent. */
export interface ExampleRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A response of the page: `<word>` in it stands for what the manager chose. */
export interface ExampleResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpExample {
  readonly line: number;
  /** How the bodies are written on the page. */
  readonly encoding: 'utf8' | 'hex';
  readonly request: ExampleRequest;
  readonly response: ExampleResponse;
}

/**
 * The blocks marked `http`: a request, and after the line `HTTP/1.1 …` its response. The bodies of blocks marked `httphex` are binary, and
 * written in hexadecimal digits.
 */
export function httpExamples(markdown: string): HttpExample[] {
  const blocks = blocksOf(markdown).filter(({ language }) => language === 'http' || language === 'httphex');
  return blocks.map(({ code, line, language }) => {
    const [sent = '', received = ''] = code.split(/^(?=HTTP\/1\.1 )/m);
    const request = messageOf(sent);
    const response = messageOf(received);
    const [method = '', target = ''] = request.start.split(' ');
    return {
      line,
      encoding: language === 'httphex' ? 'hex' : 'utf8',
      request: { method, target, headers: request.headers, body: request.body },
      response: { status: Number(response.start.split(' ')[1]), ...response },
    };
  });
}

function messageOf(text: string) {
  const [head = '', ...rest] = text.trimEnd().split('\n\n');
  const [start = '', ...lines] = head.split('\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { start, headers: Object.fromEntries(headers), body: rest.join('\n\n') };
}

/** What the words of the page stand for, as far as responses have shown it. */
export class Placeholders {
  readonly #values = new Map<string, string>();

  /** `text` with the values in place of their words. */
  fill(text: string): string {
    return text.replace(/<(\w+)>/g, (word, name: string) => this.#values.get(name) ?? word);
  }

  /** Whether `actual` is as on the page; new placeholders get their value from it. */
  match(expected: string, actual: string): boolean {
    const names: string[] = [];
    const pattern = this.fill(expected)
      .split(/(<\w+>)/)
      .map((part) => {
        const name = /^<(\w+)>$/.exec(part)?.[1];
        if (name === undefined) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
        names.push(name);
        return '([^"\\n]+?)';
      });
    const found = new RegExp(`^${pattern.join('')}$`).exec(actual);
    names.forEach((name, i) => {
      const value = found?.[i + 1];
      // A reason, a time, a number of seconds may differ from one response to the next.
      if (value !== undefined && !changing.has(name)) this.#values.set(name, value);
    });
    return found !== null;
  }
}

const changing = new Set(['reason', 'time', 'seconds']);
