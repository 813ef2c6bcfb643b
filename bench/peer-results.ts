import type { Usage } from './measured-run';
import type { Table } from './result-tables';
import { median } from './results';
import { count, megabytes, seconds } from './text-table';

/** What was measured in one go; kept as JSON. */
export interface PeerResults {
  readonly date: string;
  readonly commit: string;
  readonly rows: number;
  readonly peers: readonly PeerRounds[];
}

export interface PeerRounds {
  readonly name: string;
  readonly title: string;
  readonly output: string;
  readonly runs: readonly Usage[];
  /** Of ten rows. */
  readonly startUps: readonly Usage[];
  /** Why it was not measured. */
  readonly missing?: string;
}

export interface PeerSummary {
  readonly title: string;
  /** Without start-up. */
  readonly cpuSeconds: number;
}

/** The least CPU first; what was not measured last. */
export function peersTable({ rows, peers }: PeerResults): Table {
  const own = peers.find(({ name }) => name === 'beamlift');
  const ordered = [...peers].sort((a, b) => (netCpu(a) || Infinity) - (netCpu(b) || Infinity));
  return {
    heads: [
      'program',
      'files',
      'CPU s',
      'start-up CPU s',
      'rows per CPU s',
      'wall s',
      'peak MB',
      'beside beamlift',
    ],
    rows: ordered.map((peer) => {
      const { title, output, runs, startUps, missing } = peer;
      if (missing !== undefined)
        return [
          title,
          output,
          ...Array<string>(5).fill('-'),
          `not measured: ${missing.replace(/\s+/g, ' ')}`,
        ];
      const cpu = netCpu(peer);
      return [
        ...[title, output, seconds(cpu), seconds(median(startUps.map((run) => run.cpuSeconds)))],
        ...[count(rows / cpu), seconds(median(runs.map((run) => run.wallSeconds)))],
        megabytes(Math.max(...runs.map((run) => run.peakMegabytes))),
        own === undefined ? '' : `${(cpu / netCpu(own)).toFixed(1)} x`,
      ];
    }),
  };
}

/** CPU of all rows without that of few, median; NaN where it was not measured. */
export function netCpu({ runs, startUps, missing }: PeerRounds): number {
  if (missing !== undefined) return NaN;
  return median(runs.map((run, round) => run.cpuSeconds - (startUps[round]?.cpuSeconds ?? NaN)));
}
