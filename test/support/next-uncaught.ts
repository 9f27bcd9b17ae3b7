/** Resolves with the next uncaught exception of this process, which Vitest does not see then. */
export function nextUncaught(): Promise<unknown> {
  return new Promise((resolve) => {
    const others = process.rawListeners('uncaughtException').slice();
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const other of others) process.on('uncaughtException', other as (error: Error) => void);
      resolve(error);
    });
  });
}
