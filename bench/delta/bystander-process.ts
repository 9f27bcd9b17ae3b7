// Sends heartbeats and pushes of another cluster than the one that is measured: `bystander-process.ts <URL of the manager>`.
// `begin` starts them; `end` ends them, and its response has their 99th percentiles.

/** 99th percentiles in milliseconds. */
export interface Bystanders {
  readonly heartbeats: number;
  readonly pushes: number;
}

const [url = ''] = process.argv.slice(2);
let isOver = true;
let version = 0;
let running: Promise<Bystanders> | undefined;

async function register(): Promise<number> {
  const body = JSON.stringify({ ip: '127.0.0.1,', hostname: 'bench' });
  const response = await fetch(`${url}/nodes/b`, { method: 'POST', body });
  const { id } = (await response.json()) as { id: number };
  return id;
}

async function repeat(send: () => Promise<Response>): Promise<number> {
  const times: number[] = [];
  while (!isOver) {
    const begin = performance.now();
    await (await send()).arrayBuffer();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return times[Math.ceil(times.length * 0.99) - 1] ?? 0;
}

async function run(): Promise<Bystanders> {
  const [heartbeats, pushes] = await Promise.all([
    repeat(() => fetch(`${url}/nodes/b/${id}`, { method: 'PUT' })),
    repeat(async () => {
      const response = await fetch(`${url}/clusters/b/versions/${version}`, {
        method: 'POST',
        body: 'small',
      });
      version = Number(response.headers.get('version'));
      return response;
    }),
  ]);
  return { heartbeats, pushes };
}

const id = await register();
process.on('message', async (question) => {
  isOver = question === 'end';
  if (!isOver) running = run();
  process.send?.(isOver ? await running : {});
});
process.on('disconnect', () => process.exit());
process.send?.({ url });
