/** A request that failed: the manager's own words, or why there was no response. */
export class ApiError extends Error {
  /** 0 without a response. */
  readonly status: number;
  readonly code: string;

  constructor(message: string, status: number, code: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }

  /** The manager could not be reached, or cannot serve now. */
  get isOutage(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  static from(cause: unknown): ApiError {
    if (cause instanceof ApiError) return cause;
    const { message = String(cause), code } = cause as { message?: string; code?: unknown };
    return new ApiError(message, 0, typeof code === 'string' ? code : 'FAILED');
  }
}
