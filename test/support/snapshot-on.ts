/** What a test pushes on top of version `base`: its bytes tell what it was made from; from one page long to many. */
export const snapshotOn = (base: number): Buffer => Buffer.alloc(1 + ((base * 7919) % 60_000), `${base} `);
