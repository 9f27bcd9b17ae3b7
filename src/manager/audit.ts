/** A change that was stored: who, what, which version. */
export interface AuditEntry {
  readonly action: 'push' | 'register' | 'deregister' | 'delete-cluster';
  readonly cluster: string;
  readonly version?: number | undefined;
  readonly nodeId?: number | undefined;
  /** The name of the token that was shown. */
  readonly author?: string | undefined;
  readonly remote?: string | undefined;
}

export type Audit = (entry: AuditEntry) => void;
