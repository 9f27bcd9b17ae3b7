import { Name } from './name.js';

/** By whom: the name of the token, or the node. */
export function Author({
  author,
  nodeId,
}: {
  readonly author?: string | undefined;
  readonly nodeId?: number | undefined;
}) {
  if (author === undefined && nodeId === undefined) return null;
  return <span class="author">, {author === undefined ? `node ${nodeId}` : <Name text={author} />}</span>;
}
