import type { Comparison, Summary, Verdict } from './results';
import { count, megabytes, seconds } from './text-table';

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What each path needs. */
export function usageTable(summaries: readonly Summary[]): Table {
  return {
    heads: [
      'path',
      'CPU s',
      'start-up CPU s',
      'rows per CPU s',
      'wall s',
      'staging s',
      'peak MB',
      'bound',
      '',
    ],
    rows: summaries.map((path) => [
      path.title,
      seconds(path.cpuSeconds),
      seconds(path.startUpSeconds),
      count(path.rowsPerCpuSecond),
      seconds(path.wallSeconds),
      seconds(path.stageSeconds),
      megabytes(path.peakMegabytes),
      ...verdictCells(path.memory, (atMost) => `≤ ${megabytes(atMost)} MB`),
    ]),
  };
}

/** Each path beside what it is compared with. */
export function limitsTable(summaries: readonly Summary[]): Table {
  return {
    heads: ['path', 'beside', 'CPU s', 'wall s', 'peak MB', 'ratio', 'of', 'bound', ''],
    rows: summaries.flatMap(({ title, comparisons }) => comparisons.map((one) => [title, ...cellsOf(one)])),
  };
}

function cellsOf(one: Comparison): readonly string[] {
  if (one.missing !== undefined)
    return [one.title, '-', '-', '-', '-', '-', '-', `not measured: ${one.missing}`];
  return [
    one.title,
    seconds(one.cpuSeconds),
    seconds(one.wallSeconds),
    megabytes(one.peakMegabytes),
    `${one.ratio.toFixed(2)} x`,
    one.of === 'cpu' ? 'CPU' : 'time',
    ...verdictCells(one.verdict, (atMost) => `≤ ${atMost} x`),
  ];
}

function verdictCells(verdict: Verdict | undefined, bound: (atMost: number) => string): readonly string[] {
  if (verdict === undefined) return ['', ''];
  return [bound(verdict.atMost), verdict.holds ? 'yes' : 'NO'];
}
