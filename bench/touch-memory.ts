import { execFile } from 'node:child_process';
import { freemem } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of the memory that is available. */
const SHARE = 0.75;
const PIECE_BYTES = 64 * 1024 * 1024;

/** Fills so many bytes with what is not zero, and ends. */
const SCRIPT = `
  const pieces = [];
  for (let left = Number(process.argv[1]); left > 0; left -= ${PIECE_BYTES}) pieces.push(Buffer.alloc(${PIECE_BYTES}, 1));
`;

/**
 * Has a process of its own touch most of the memory that is available, before anything is measured. A virtual machine's host gives it each page when that is touched
 * for the first time ever, and this is system time of whoever happens to do it: of a program that writes a file of 300 MB into the page cache 0.75 s, and
 * 0.06 to 0.1 s from then on (measured on the machine of docs/benchmarks.md). Neither paths nor limits are to pay for that by chance.
 */
export async function touchMemory(note: (what: string) => void): Promise<void> {
  const constrained = process.constrainedMemory();
  const most = constrained > 0 ? Math.min(freemem(), constrained) : freemem();
  const bytes = Math.floor(most * SHARE);
  note(`Touching ${(bytes / 1e9).toFixed(1)} GB of memory`);
  await run(process.execPath, ['-e', SCRIPT, String(bytes)]);
}
