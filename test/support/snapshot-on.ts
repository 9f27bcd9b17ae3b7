/** What a test pushes on top of version `base`: its bytes encode its base; its length is from one page to many. */
export const snapshotOn = (base: number): Buffer => Buffer.alloc(1 + ((base * 7919) % 60_000), `${base} `);
