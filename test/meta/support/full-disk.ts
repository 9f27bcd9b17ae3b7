import { open } from 'node:fs/promises';
import { onTestFinished, vi } from 'vitest';

/** The next write to any file fails as on a full disk. */
export async function fillDiskOnce(): Promise<void> {
  const handle = await open('.', 'r');
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const spy = vi.spyOn(Object.getPrototypeOf(handle), 'writev').mockRejectedValueOnce(error);
  onTestFinished(() => spy.mockRestore());
  await handle.close();
}
