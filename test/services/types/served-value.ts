import type { TableField } from '../../../core/clients/bigquery-api';

/** A value in one form, wherever it was read: texts, numbers of floats, `{ json }` for documents, lists for arrays and records. */
export type PlainValue = null | string | number | PlainValue[] | { readonly json: unknown };

const MICROS_PER_DAY = 86_400_000_000n;

/** What the API answers for a field, in plain form. */
export function servedValue(value: unknown, field: TableField): PlainValue {
  if (field.mode === 'REPEATED') {
    return (value as { v: unknown }[]).map(({ v }) => servedValue(v, { ...field, mode: 'NULLABLE' }));
  }
  if (value === null) return null;
  if (field.type === 'RECORD' || field.type === 'STRUCT') {
    const { f } = value as { f: { v: unknown }[] };
    return (field.fields ?? []).map((inner, index) => servedValue(f[index]?.v, inner));
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  switch (field.type) {
    case 'FLOAT':
    case 'FLOAT64':
      return Number(text);
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return plainDecimal(text);
    case 'BYTES':
      return Buffer.from(text, 'base64').toString('hex');
    case 'DATE':
      return String(Date.parse(`${text}T00:00:00Z`) / 86_400_000);
    case 'DATETIME':
      return instantOf(text);
    case 'TIME':
      return clockOf(text);
    case 'JSON':
      return { json: JSON.parse(text) as unknown };
    default:
      return text;
  }
}

/** Without zeros at the end of its fraction. */
export function plainDecimal(text: string): string {
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short === '-0' ? '0' : short;
}

/** `YYYY-MM-DDTHH:MM:SS.ffffff`, or with a blank, in microseconds since 1970. */
export function instantOf(text: string): string {
  const [day = '', clock = ''] = text.split(/[T ]/);
  const days = BigInt(Date.parse(`${day}T00:00:00Z`) / 86_400_000);
  return String(days * MICROS_PER_DAY + BigInt(clockOf(clock)));
}

/** `HH:MM:SS.ffffff` in microseconds. */
export function clockOf(text: string): string {
  const [hours = '0', minutes = '0', seconds = '0'] = text.split(':');
  const [whole = '0', fraction = ''] = seconds.split('.');
  const total = BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(whole);
  return String(total * 1_000_000n + BigInt(fraction.padEnd(6, '0')));
}
