/** The messages inside a message: the tag of the field, its name, whether it is repeated, and its own contents. */
export interface Inside {
  readonly [tag: number]: { readonly name: string; readonly inside: Inside };
}

/** The records of the metadata, each a message of its own. */
export const root: Inside = {
  42: {
    name: 'databases',
    inside: {
      26: {
        name: 'retentionPolicies',
        inside: {
          42: {
            name: 'shardGroups',
            inside: { 42: { name: 'shards', inside: { 26: { name: 'owners', inside: {} } } } },
          },
          50: { name: 'subscriptions', inside: {} },
        },
      },
      34: { name: 'continuousQueries', inside: {} },
    },
  },
  50: { name: 'users', inside: { 34: { name: 'privileges', inside: {} } } },
};
