import type { IncomingMessage } from 'node:http';
import { BrowserGuard } from '../protocol/browser-guard.js';

/** Refuses statements for the cluster that a browser sends for a page of another origin (R35). */
export class BrowserRefusal {
  /** Before a server that requires credentials, and before one that does not. */
  readonly #guards: readonly [closed: BrowserGuard, open: BrowserGuard];

  /** @throws CfluxError `INVALID_OPTION` */
  constructor(hostNames: readonly string[]) {
    this.#guards = [
      new BrowserGuard({ open: false, hostNames }),
      new BrowserGuard({ open: true, hostNames }),
    ];
  }

  /** Sets the address that the gateway listens on. */
  boundTo(address: string): void {
    for (const guard of this.#guards) guard.boundTo(address);
  }

  /** Returns why the request is refused. */
  of(request: IncomingMessage, isOpen: boolean): string | undefined {
    const [closed, open] = this.#guards;
    return (isOpen ? open : closed).refusal(request);
  }
}
