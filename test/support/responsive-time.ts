/** Milliseconds between two looks at the clock. */
const interval = 10;

/**
 * Measures the time in which this process was responsive: the time in which its event loop was held up, most often because the machine had
 * no processor for it, does not count. So a limit judges the code, and not the machine.
 */
export class ResponsiveTime {
  #lookedAt = performance.now();
  #responsive = 0;
  readonly #timer = setInterval(() => this.#look(), interval);

  constructor() {
    // It must not keep a process alive whose end is measured.
    this.#timer.unref();
  }

  /** Milliseconds since this was created, or since {@link restart}. */
  get ms(): number {
    this.#look();
    return this.#responsive;
  }

  restart(): void {
    this.#look();
    this.#responsive = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#responsive += Math.min(now - this.#lookedAt, 2 * interval);
    this.#lookedAt = now;
  }
}
