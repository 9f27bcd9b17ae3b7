import assert from 'node:assert/strict';
import type { Checks } from './check.js';

export const continuousQueryChecks: Checks = {
  async 'createContinuousQuery keeps the text as it is, in order of creation'({ meta, refuses }) {
    await meta.createDatabase('db');
    const queries = [
      { name: 'b', query: 'CREATE CONTINUOUS QUERY b ON db BEGIN … END' },
      { name: 'a', query: '' },
      { name: '', query: 'not parsed\0' },
    ];
    for (const { name, query } of queries) {
      assert.equal(await meta.createContinuousQuery('db', name, query), undefined);
    }
    assert.deepEqual((await meta.database('db'))?.continuousQueries, queries);
    await refuses(
      () => meta.createContinuousQuery('nowhere', 'a', ''),
      'database not found: nowhere',
      'DATABASE_NOT_FOUND',
    );
  },

  async 'an equal continuous query, apart from case, succeeds; the first text remains'({
    meta,
    refuses,
    unchangedBy,
  }) {
    await meta.createDatabase('db');
    await meta.createContinuousQuery('db', 'q', 'SELECT ΑΣ İ');
    await unchangedBy(() => meta.createContinuousQuery('db', 'q', 'SELECT ΑΣ İ'));
    await unchangedBy(() => meta.createContinuousQuery('db', 'q', 'select ασ i'));
    const exists = ['continuous query already exists', 'CONTINUOUS_QUERY_EXISTS'] as const;
    await refuses(() => meta.createContinuousQuery('db', 'q', 'select ας i'), ...exists);
    await refuses(() => meta.createContinuousQuery('db', 'q', 'select ασ'), ...exists);
  },

  async 'dropContinuousQuery succeeds if the query does not exist'({ meta, unchangedBy }) {
    await meta.createDatabase('db');
    for (const name of ['a', 'b']) await meta.createContinuousQuery('db', name, name);
    assert.equal(await meta.dropContinuousQuery('db', 'a'), undefined);
    assert.deepEqual((await meta.database('db'))?.continuousQueries, [{ name: 'b', query: 'b' }]);
    await unchangedBy(() => meta.dropContinuousQuery('db', 'a'));
    await unchangedBy(() => meta.dropContinuousQuery('nowhere', 'b'));
  },
};
