import { InvalidArgumentError } from 'commander';

/** Parses the address of --listen: `host:port`, `[::1]:port`, `:port` or only a port. */
export function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):)?([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new InvalidArgumentError('write host:port, such as 127.0.0.1:8000, [::1]:8000 or :8000');
  }
  const host = bracketed ?? plain;
  return { host: host === undefined || host === '' ? '127.0.0.1' : host, port };
}
