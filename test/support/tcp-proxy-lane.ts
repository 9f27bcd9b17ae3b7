import type { Socket } from 'node:net';

/** What a proxy does to the bytes of one direction. */
export type LaneFault =
  /** Every piece arrives `ms` later, in its order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Nothing arrives until the fault is healed; then all of it does, even where the sender has gone away since. */
  | { readonly kind: 'hold' }
  /** What is sent is taken and thrown away; as TCP never delivers bytes behind a gap, such a connection stays deaf afterwards. */
  | { readonly kind: 'swallow' }
  /** `after` more bytes of each connection arrive, then it ends: politely (FIN), as after a whole body. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** `after` more bytes of each connection arrive, then it is reset (RST). */
  | { readonly kind: 'reset'; readonly after: number }
  /** Each piece is replaced by what `rewrite` makes of it. */
  | { readonly kind: 'rewrite'; readonly rewrite: (piece: Buffer) => Buffer };

/** How a lane ends its connection. */
export interface LaneEnd {
  /** Both sockets are reset. */
  reset(): void;
}

/** What waits to be handed on: bytes, that the sender has ended, or that it has gone away. */
interface Item {
  readonly what: Buffer | 'end' | 'gone';
  /** By `performance.now()`. */
  readonly due: number;
}

/** More than this is left to the kernel, which makes the sender wait. */
const maxHeld = 64 * 1024 * 1024;

/** One direction of one connection: takes what `from` sends, and hands it on to `to` as the fault of the moment wants it. */
export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #connection: LaneEnd;
  readonly #queue: Item[] = [];
  #fault: LaneFault | undefined;
  #passed = 0;
  #held = 0;
  #deaf = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, connection: LaneEnd, fault: LaneFault | undefined) {
    this.#from = from;
    this.#to = to;
    this.#connection = connection;
    this.#fault = fault;
    from.on('data', (piece: Buffer) => this.#take(piece));
    from.on('end', () => this.#take('end'));
    from.on('error', () => undefined);
    from.on('close', () => this.#take('gone'));
    to.on('drain', () => this.#slow());
    // A closed socket is not drained: the sender must notice.
    to.on('close', () => from.resume());
  }

  impose(fault: LaneFault | undefined): void {
    this.#fault = fault;
    this.#passed = 0;
    this.#pump();
  }

  #take(what: Item['what']): void {
    const ms = this.#fault?.kind === 'delay' ? this.#fault.ms : 0;
    this.#queue.push({ what, due: performance.now() + ms });
    if (typeof what !== 'string') this.#held += what.byteLength;
    this.#pump();
    this.#slow();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (this.#fault?.kind !== 'hold') {
      const [next] = this.#queue;
      if (next === undefined) return;
      const early = next.due - performance.now();
      if (early > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(early));
        return;
      }
      this.#queue.shift();
      if (typeof next.what === 'string') this.#close(next.what);
      else {
        this.#held -= next.what.byteLength;
        this.#pass(next.what);
      }
    }
  }

  #pass(piece: Buffer): void {
    const fault = this.#fault;
    this.#deaf ||= fault?.kind === 'swallow';
    if (this.#deaf) return;
    if (fault?.kind === 'rewrite') this.#write(fault.rewrite(piece));
    else if (fault?.kind === 'truncate' || fault?.kind === 'reset') this.#passSome(piece, fault);
    else this.#write(piece);
  }

  #passSome(piece: Buffer, { kind, after }: LaneFault & { kind: 'truncate' | 'reset' }): void {
    const rest = after - this.#passed;
    this.#passed += piece.byteLength;
    if (rest > 0) this.#write(piece.subarray(0, rest));
    if (this.#passed < after) return;
    if (kind === 'reset') this.#connection.reset();
    else this.#to.destroySoon();
  }

  #write(piece: Buffer): void {
    if (this.#to.writable) this.#to.write(piece);
    // Like a network: a sender to a closed socket is reset.
    else if (this.#to.destroyed) this.#from.destroy();
  }

  #close(how: 'end' | 'gone'): void {
    if (how === 'end') this.#to.end();
    else this.#to.destroySoon();
  }

  #slow(): void {
    const isBehind = this.#held > maxHeld || this.#to.writableNeedDrain;
    if (isBehind) this.#from.pause();
    else if (this.#from.isPaused()) this.#from.resume();
  }
}
