import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { counterOf, jobOf, listIn, messageOf, scalingOf } from '../../../core/clients/dataflow-answers';
import { dataflowError, mayPassLater } from '../../../core/clients/dataflow-failures';
import { GoogleServiceFailure } from '../../../core/clients/google-failures';

const PLACE = { project: 'p', region: 'us-central1' };

describe('answers of Dataflow', () => {
  it('may have any content', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (answer) => {
        messageOf(answer);
        counterOf(answer);
        scalingOf(answer);
        assert.ok(Array.isArray(listIn(answer, 'jobs')));
        if (typeof answer['id'] === 'string') assert.equal(jobOf(answer).id, answer['id']);
        else assert.throws(() => jobOf(answer), /id is missing/);
      }),
    );
  });

  it('have counters of the user alone, as whole numbers', () => {
    const named = (name: object, scalar: unknown) => counterOf({ name, scalar });
    const context = { step: 'transform_3' };
    assert.deepEqual(named({ origin: 'user', name: 'rows_read', context }, 7), {
      name: 'rows_read',
      step: 'transform_3',
      tentative: false,
      value: 7,
    });
    assert.equal(
      named({ origin: 'user', name: 'rows_read', context: { tentative: 'true' } }, '7')?.tentative,
      true,
    );
    assert.equal(named({ origin: 'user', name: 'rows_read' }, '7')?.value, 7);
    for (const name of ['x_MIN', 'x_MAX', 'x_MEAN', 'x_COUNT']) {
      assert.equal(named({ origin: 'user', name }, 7), undefined);
    }
    assert.equal(named({ origin: 'dataflow/v1b3', name: 'rows_read' }, 7), undefined);
    for (const scalar of [1.5, '', 'x', null, { sum: 1 }, 2 ** 60]) {
      assert.equal(named({ origin: 'user', name: 'rows_read' }, scalar), undefined);
    }
  });

  it('are told apart by what a person can do', () => {
    const what = (status: number | undefined, message: string, reason?: string): string =>
      dataflowError(
        new GoogleServiceFailure(message, status, reason),
        { action: 'do it', object: 'o' },
        PLACE,
      ).what;
    assert.equal(what(404, 'Unknown location nowhere'), 'Dataflow does not run in region us-central1');
    assert.equal(
      what(400, 'projects/p/regions/us-central1/subnetworks/s was not found'),
      'Dataflow: could not do it',
    );
    assert.equal(what(400, 'temp_location is in another location'), 'Dataflow: could not do it');
    assert.equal(what(403, 'x', 'accessNotConfigured'), 'The Dataflow API is not enabled in project p');
    assert.equal(what(403, 'x'), 'Dataflow: this login may not do it');
    assert.equal(what(429, 'x'), 'Dataflow refused: a quota of project p is used up');
    assert.equal(what(500, 'region trouble'), 'Dataflow: could not do it');
    assert.equal(what(undefined, 'no answer'), 'Dataflow: could not do it');
  });

  it('may be worth asking for again', () => {
    const later = (status: number | undefined): boolean =>
      mayPassLater(
        dataflowError(new GoogleServiceFailure('x', status, undefined), { action: 'a', object: 'o' }, PLACE),
      );
    assert.deepEqual([undefined, 429, 500, 503].map(later), [true, true, true, true]);
    assert.deepEqual([400, 401, 403, 404].map(later), [false, false, false, false]);
    assert.equal(mayPassLater(new Error('x')), false);
  });
});
