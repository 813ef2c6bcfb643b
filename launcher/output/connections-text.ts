import type { JsonObject, JsonValue } from '../../core/plan';
import type { Palette } from './palette';
import { printableLine } from './printable';
import { renderPairs, renderTable } from './table';

/** What is known of a secret that is never shown. */
export type SecretView =
  /** `${env:NAME}` and the like. */
  | { readonly kept: 'reference'; readonly reference: string }
  | { readonly kept: 'encrypted'; readonly key_id: string | null }
  /** Written out in the configuration file. */
  | { readonly kept: 'in the file' };

/** A connection as `connections list` and `show` tell about it; `--json` prints it. */
export interface ConnectionView {
  readonly name: string;
  readonly type: string;
  readonly origin: 'file' | 'run_store';
  /** A stored one that jobs of this configuration do not see, since the file has one of the same name. */
  readonly hidden: boolean;
  /** Without secrets. */
  readonly fields: JsonObject;
  readonly secrets: Readonly<Record<string, SecretView>>;
  readonly used_by: readonly string[];
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

/** Fields that say where a connection leads, in the order in which they are shown. */
const PLACE_FIELDS = [
  'host',
  'database',
  'path',
  'project',
  'account',
  'bucket',
  'bucket_path',
  'container',
  'prefix',
  'endpoint',
];

/** Width of the column that says where. */
const MAX_PLACE = 60;

/** A line for each connection. `file`: how the user calls the configuration. */
export function renderConnections(
  views: readonly ConnectionView[],
  file: string,
  palette: Palette,
): string[] {
  const columns = [
    { title: 'name' },
    { title: 'type' },
    { title: 'where', maxWidth: MAX_PLACE },
    { title: 'from' },
    { title: 'secrets' },
    { title: 'jobs', align: 'right' as const },
  ];
  const rows = views.map((view) => [
    view.name,
    view.type,
    placeOf(view.fields),
    view.origin === 'file' ? file : view.hidden ? `run store (hidden by ${file})` : 'run store',
    [...new Set(Object.values(view.secrets).map(({ kept }) => kept))].join(', '),
    view.used_by.length === 0 ? '' : String(view.used_by.length),
  ]);
  return renderTable(columns, rows, { paintTitle: palette.faint });
}

/** Everything about one connection but its secrets. */
export function renderConnection(view: ConnectionView, file: string): string[] {
  const { name, type, origin, hidden, fields, secrets, used_by: jobs } = view;
  const from = origin === 'file' ? file : hidden ? `the run store, hidden by ${file}` : 'the run store';
  return [
    `Connection ${printableLine(name)} (${type}), from ${from}`,
    ...renderPairs([
      ...Object.entries(fields).map(([field, value]) => [field, shown(value)] as const),
      ...Object.entries(secrets).map(([field, secret]) => [field, secretText(secret)] as const),
    ]),
    ...(jobs.length === 0 ? [] : [`Used by: ${jobs.map(printableLine).join(', ')}`]),
    ...(view.updated_at === null ? [] : [`Stored ${view.created_at ?? ''}, changed ${view.updated_at}`]),
  ];
}

function placeOf(fields: JsonObject): string {
  return PLACE_FIELDS.map((field) => fields[field])
    .filter((value) => typeof value === 'string')
    .join(' ');
}

function shown(value: JsonValue): string {
  return printableLine(typeof value === 'string' ? value : JSON.stringify(value));
}

function secretText(secret: SecretView): string {
  switch (secret.kept) {
    case 'reference':
      return printableLine(secret.reference);
    case 'encrypted':
      return secret.key_id === null ? '(encrypted)' : `(encrypted with key ${secret.key_id})`;
    case 'in the file':
      return '(written in the file)';
  }
}
