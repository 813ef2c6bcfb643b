import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { formatCounted } from '../../core/counted';
import { openWarehouse } from '../../core/clients/duckdb';
import { WarehouseBusy } from '../../core/clients/duckdb-failures';
import { BeamliftError, messageOf, systemCode } from '../../core/errors';
import type { CheckFinding } from '../../core/extractor';
import { explainOpening } from './warehouse-file';

/** Whether the file can be written, or made. Makes nothing, waits for nobody, and reads the file through DuckDB alone (see openWarehouse). */
export async function checkDuckdb(file: string, signal: AbortSignal): Promise<CheckFinding[]> {
  const folder = await checkFolder(path.dirname(file));
  if (!folder.ok) return [folder];
  const size = await sizeOf(file);
  if (size === undefined)
    return [folder, { step: 'file', ok: true, detail: `${file} will be made by the first run` }];
  if (size === 'not a file') {
    const hint = 'Give `path` the name of a file, such as warehouse.duckdb.';
    return [folder, { step: 'file', ok: false, detail: `${file} is not a file`, hint }];
  }
  return [folder, await checkFile(file, size, signal)];
}

async function checkFolder(folder: string): Promise<CheckFinding> {
  const failed = (detail: string, hint: string): CheckFinding => ({
    step: 'folder',
    ok: false,
    detail,
    hint,
  });
  try {
    if (!(await stat(folder)).isDirectory()) {
      return failed(`${folder} is not a folder`, 'Correct `path` of the destination.');
    }
  } catch {
    return failed(`There is no folder ${folder}`, 'Make the folder, or correct `path` of the destination.');
  }
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return { step: 'folder', ok: true, detail: `${folder} can be written` };
  } catch {
    return failed(
      `${folder} cannot be written by this user`,
      'DuckDB makes files beside the warehouse: give this user the right to write into its folder.',
    );
  }
}

async function sizeOf(file: string): Promise<number | 'not a file' | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found.size : 'not a file';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function checkFile(file: string, size: number, signal: AbortSignal): Promise<CheckFinding> {
  try {
    await access(file, constants.R_OK | constants.W_OK);
    const warehouse = await openWarehouse(file, 'read-write', signal);
    try {
      const [row] = await warehouse.rows('SELECT count(*)::VARCHAR AS tables FROM duckdb_tables()');
      const detail = `${file} is a DuckDB file with ${formatCounted(Number(row?.['tables']), 'table')} (${(size / 1e6).toFixed(1)} MB)`;
      return { step: 'file', ok: true, detail };
    } finally {
      warehouse.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return failedFile(file, error);
  }
}

function failedFile(file: string, error: unknown): CheckFinding {
  if (error instanceof WarehouseBusy) {
    const { pid, program = 'A program' } = error.holder;
    const who = pid === undefined ? 'Another job of this process' : `${program} (process ${pid})`;
    return {
      step: 'lock',
      ok: false,
      detail: `${who} has ${file} open`,
      hint: 'A DuckDB file has one writer, and no readers beside it. A run waits for a while; close what keeps the file open.',
    };
  }
  const explained = explainOpening(file, error);
  const { what, why, hint } =
    explained instanceof BeamliftError
      ? explained
      : { what: messageOf(explained), why: undefined, hint: undefined };
  return {
    step: explained instanceof BeamliftError && explained.code === 'RIGHTS_MISSING' ? 'rights' : 'file',
    ok: false,
    detail: why === undefined ? what : `${what}: ${why}`,
    ...(hint === undefined ? {} : { hint }),
  };
}
