import { formatType } from '../../core/format-type';
import { nearestName } from '../../core/nearest-name';
import type { RunContext } from '../../core/plan';
import type { Column, ColumnType, Partitioning } from '../../core/schema';
import { MAX_PARTITIONS_PER_TABLE } from './job-limits';
import { refusedPlan } from './plan-refusal';
import { MAX_CLUSTERING_COLUMNS } from './rules';

type Kind = ColumnType['kind'];

/** Kinds of columns that a table can be partitioned by. */
const PARTITION_KINDS: Readonly<Record<Partitioning['by'], readonly Kind[]>> = {
  hour: ['timestamp', 'datetime'],
  day: ['timestamp', 'datetime', 'date'],
  month: ['timestamp', 'datetime', 'date'],
  year: ['timestamp', 'datetime', 'date'],
  range: ['int'],
};

const CLUSTERING_KINDS: readonly Kind[] = [
  'bool',
  'int',
  'decimal',
  'string',
  'uuid',
  'date',
  'datetime',
  'timestamp',
];

/** `table_options` of a table that the run creates. Throws PLAN_REFUSED. */
export function reviewTableOptions(context: RunContext): string[] {
  const { partitionBy, clusterBy } = context.tableOptions;
  if (partitionBy !== undefined) refusePartitioning(context, partitionBy);
  refuseClustering(context, clusterBy);
  const words = [
    ...(partitionBy === undefined ? [] : [`partitioned by ${describePartitioning(partitionBy)}`]),
    ...(clusterBy.length === 0 ? [] : [`clustered by ${clusterBy.join(', ')}`]),
  ];
  return words.length === 0 ? [] : [`The table is created ${words.join(' and ')}.`];
}

function describePartitioning(partitioning: Partitioning): string {
  return partitioning.by === 'range'
    ? `ranges of ${partitioning.interval} of ${partitioning.column}`
    : `the ${partitioning.by} of ${partitioning.column}`;
}

function refusePartitioning(context: RunContext, partitioning: Partitioning): void {
  const column = columnOf(context, 'partition_by', partitioning.column);
  const kinds = PARTITION_KINDS[partitioning.by];
  if (!kinds.includes(column.type.kind)) {
    const how = partitioning.by === 'range' ? 'ranges of numbers' : `${partitioning.by}s`;
    throw refusedPlan(context, {
      what: `The table cannot be partitioned by ${how} of "${column.name}", which is ${formatType(column.type)}`,
      hint: `For ${how}, the column must be ${kinds.map(sqlKind).join(' or ')}${column.type.kind === 'int' ? '; for whole numbers write { column, start, end, interval }' : ''}.`,
    });
  }
  if (partitioning.by !== 'range') return;
  const partitions = Math.ceil((partitioning.end - partitioning.start) / partitioning.interval);
  if (partitions <= MAX_PARTITIONS_PER_TABLE) return;
  throw refusedPlan(context, {
    what: `The ranges of "${column.name}" make ${partitions} partitions, and a table has at most ${MAX_PARTITIONS_PER_TABLE}`,
    hint: `Write an interval of ${Math.ceil((partitioning.end - partitioning.start) / MAX_PARTITIONS_PER_TABLE)} or more.`,
  });
}

function refuseClustering(context: RunContext, clusterBy: readonly string[]): void {
  if (clusterBy.length > MAX_CLUSTERING_COLUMNS) {
    throw refusedPlan(context, {
      what: `cluster_by names ${clusterBy.length} columns, and BigQuery takes ${MAX_CLUSTERING_COLUMNS}`,
      hint: 'Keep the columns that queries filter by most.',
    });
  }
  for (const [index, name] of clusterBy.entries()) {
    const column = columnOf(context, 'cluster_by', name);
    if (clusterBy.indexOf(name) !== index) {
      throw refusedPlan(context, { what: `cluster_by names "${name}" twice`, hint: 'Name it once.' });
    }
    if (CLUSTERING_KINDS.includes(column.type.kind)) continue;
    throw refusedPlan(context, {
      what: `The table cannot be clustered by "${name}", which is ${formatType(column.type)}`,
      hint: `Columns for clustering are ${CLUSTERING_KINDS.filter((kind) => kind !== 'uuid')
        .map(sqlKind)
        .join(', ')}.`,
    });
  }
}

function columnOf(context: RunContext, key: 'partition_by' | 'cluster_by', name: string): Column {
  const { columns } = context.destinationSchema;
  const found = columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = columns.map((column) => column.name);
  const near = names.find((known) => known.toLowerCase() === name.toLowerCase()) ?? nearestName(name, names);
  throw refusedPlan(context, {
    what: `${key} of table_options names "${name}", which is no column of the destination`,
    hint:
      near === undefined ? `The table gets: ${names.slice(0, 50).join(', ')}.` : `Did you mean "${near}"?`,
  });
}

const SQL_KINDS: Partial<Record<Kind, string>> = { int: 'INT64', decimal: 'NUMERIC' };

function sqlKind(kind: Kind): string {
  return SQL_KINDS[kind] ?? kind.toUpperCase();
}
