import assert from 'node:assert/strict';
import { UploadSessions, type ChunkTurn } from '../../fault-proxy/upload-sessions';

function text(turn: ChunkTurn): string {
  return turn.kind === 'answer'
    ? `${turn.status} ${turn.headers['range'] ?? ''} ${turn.body}`.trim()
    : `> ${turn.range ?? ''} ${Buffer.from(turn.body).toString()}`.trim();
}

describe('sessions of resumable uploads', () => {
  const bytes = (value: string): Uint8Array => Buffer.from(value);
  let sessions: UploadSessions;
  const turn = (range: string, body = ''): string => text(sessions.turn('1', range, bytes(body)));
  const store = (count: number, status = 308): void => sessions.answered('1', count, status, 'object');
  beforeEach(() => {
    sessions = new UploadSessions();
  });

  it('say how far they are', () => {
    assert.equal(turn('bytes */*'), '308');
    assert.equal(turn('bytes 0-3/*', 'abcd'), '> bytes 0-3/* abcd');
    store(4);
    assert.equal(turn('bytes */*'), '308 bytes=0-3');
    assert.equal(turn('bytes */10'), '308 bytes=0-3');
  });

  it('take no byte twice, and none early', () => {
    turn('bytes 0-3/*', 'abcd');
    store(4);
    assert.equal(turn('bytes 0-3/*', 'abcd'), '308 bytes=0-3');
    assert.equal(turn('bytes 2-5/*', 'cdef'), '> bytes 4-5/* ef');
    assert.equal(turn('bytes 9-9/*', 'x'), '308 bytes=0-3');
  });

  it('end with the last byte, and describe the object from then on', () => {
    turn('bytes 0-3/*', 'abcd');
    store(4);
    assert.equal(turn('bytes */4'), '> bytes */4');
    store(0, 200);
    assert.equal(turn('bytes */4'), '200  object');
    assert.equal(turn('bytes 0-3/4', 'abcd'), '200  object');
  });

  it('do not count what the server refused', () => {
    turn('bytes 0-3/4', 'abcd');
    store(4, 412);
    assert.equal(turn('bytes */4'), '308');
  });
});
