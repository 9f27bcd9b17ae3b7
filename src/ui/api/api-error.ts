const outageCodes: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT']);
const outageStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

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
    return outageCodes.has(this.code) || outageStatuses.has(this.status);
  }

  static from(cause: unknown): ApiError {
    if (cause instanceof ApiError) return cause;
    const { message = String(cause), code } = cause as { message?: string; code?: unknown };
    return new ApiError(message, 0, typeof code === 'string' ? code : 'FAILED');
  }
}
