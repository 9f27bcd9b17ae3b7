import type { Random } from '../../../src/random.js';
import type { LaneFault, ProxyDirection } from '../../support/tcp-proxy.js';
import type { Link, World } from '../world/world.js';
import type { Fault, Target } from './fault.js';

const directions: readonly ProxyDirection[] = ['toServer', 'toClient', 'both'];
const linksOf = ({ nodeLinks, storeLinks, peerLinks }: World) => [...nodeLinks, ...storeLinks, ...peerLinks];
const between = (random: Random, least: number, most: number) =>
  Math.floor(least + random() * (most - least));

const lane = (kind: string, makeFault: (random: Random) => LaneFault) => {
  const target = ({ name, proxy }: Link, direction: ProxyDirection): Target => ({
    name: `${name} ${direction}`,
    resource: name,
    strike: (random) => {
      proxy.impose(direction, makeFault(random));
      return () => proxy.heal();
    },
  });
  return {
    name: kind,
    weight: 1.5,
    targets: (world: World) =>
      linksOf(world).flatMap((link) => directions.map((direction) => target(link, direction))),
  };
};

/** Turns a bit in each body that has a digest to find it out by; nothing protects the rest, and TCP does not do such things by itself. */
function spoil(piece: Buffer, random: Random): Buffer {
  const head = piece.indexOf('\r\n\r\n');
  if (
    head < 0 ||
    piece.length < head + 5 ||
    !/^(?:content|cflux-result)-digest:/im.test(piece.toString('latin1', 0, head))
  ) {
    return piece;
  }
  const spoiled = Buffer.from(piece);
  const at = between(random, head + 4, piece.length);
  spoiled[at] = (spoiled[at] ?? 0) ^ (1 << between(random, 0, 8));
  return spoiled;
}

/** Hides that either side knows deltas: the same length, because a proxy that rewrites a piece does not know the whole message. */
const hidden: readonly [RegExp, string][] = [
  [/^PATCH \//, 'ETCHP /'],
  [/^a-im:/im, 'x-im:'],
  [/^accept-patch:/im, 'x-cept-patch:'],
];

/** What a manager of a release without deltas, or a component on the way that does not know them, makes of a piece. */
function withoutDeltas(piece: Buffer): Buffer {
  const text = piece.toString('latin1');
  const rewritten = hidden.reduce((before, [name, other]) => before.replace(name, other), text);
  return rewritten === text ? piece : Buffer.from(rewritten, 'latin1');
}

const deltaMessage = /^(?:PATCH |HTTP\/1\.1 226 )/;

/** Puts the bytes of the last delta in place of each one, or that whole message if it is a response to a poll. */
function replaying(isWhole: boolean): (piece: Buffer) => Buffer {
  let last: { readonly head: string; readonly body: Buffer } | undefined;
  return (piece) => {
    const end = piece.indexOf('\r\n\r\n');
    const head = piece.toString('latin1', 0, Math.max(end, 0));
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    if (!deltaMessage.test(head) || piece.length !== end + 4 + length) return piece;
    const message = { head, body: piece.subarray(end + 4) };
    const { head: lastHead, body } = last ?? message;
    last = message;
    const isReplayed = isWhole && head.startsWith('HTTP') && lastHead.startsWith('HTTP');
    const shown = isReplayed ? lastHead : head.replace(/^(content-length:) \d+/im, `$1 ${body.length}`);
    return Buffer.concat([Buffer.from(`${shown}\r\n\r\n`, 'latin1'), body]);
  };
}

const breaking = (name: string, strike: (link: Link, random: Random) => () => void, weight = 1.5): Fault => ({
  name,
  weight,
  targets: (world) =>
    linksOf(world).map((link) => ({
      name: link.name,
      resource: link.name,
      strike: (random) => strike(link, random),
    })),
});

export const networkFaults: readonly Fault[] = [
  lane('delay', (random) => ({ kind: 'delay', ms: between(random, 20, 800) })),
  lane('hold', () => ({ kind: 'hold' })),
  lane('swallow', () => ({ kind: 'swallow' })),
  lane('truncate', (random) => ({ kind: 'truncate', after: between(random, 0, 2_000) })),
  lane('reset', (random) => ({ kind: 'reset', after: between(random, 0, 2_000) })),
  // What goes to etcd, and from member to member, has no digest and is let be.
  lane('rewrite', (random) => ({ kind: 'rewrite', rewrite: (piece) => spoil(piece, random) })),
  lane('hide-deltas', () => ({ kind: 'rewrite', rewrite: withoutDeltas })),
  lane('swap-deltas', () => ({ kind: 'rewrite', rewrite: replaying(false) })),
  lane('replay-deltas', () => ({ kind: 'rewrite', rewrite: replaying(true) })),
  breaking('cut', ({ proxy }, random) => {
    const timer = setInterval(() => proxy.cut(), between(random, 50, 500));
    return () => clearInterval(timer);
  }),
  breaking('refuse', ({ proxy }) => {
    proxy.refuse();
    return () => proxy.heal();
  }),
  // The change was stored, its response is lost, and the next attempt comes through: the case that mutation ids are for (R27).
  breaking(
    'lose-answers',
    ({ proxy }, random) => {
      let isLosing = false;
      const turn = () => {
        isLosing = !isLosing;
        if (isLosing) proxy.impose('toClient', { kind: 'reset', after: 0 });
        else proxy.heal();
      };
      const timer = setInterval(turn, between(random, 30, 200));
      return () => {
        clearInterval(timer);
        proxy.heal();
      };
    },
    6,
  ),
  {
    name: 'link-down',
    weight: 4,
    targets: ({ namespace, nodes }) =>
      namespace === undefined
        ? []
        : [
            {
              name: `${nodes.at(-1)?.name}`,
              resource: namespace.name,
              strike: async () => {
                await namespace.down();
                return () => namespace.up();
              },
            },
          ],
  },
];
