import type { CheckResult } from '../check-configuration';
import type { Palette } from './palette';
import { printableLine } from './printable';

/** One line for what can be used; for what cannot, the step that failed, why, and what to do. */
export function renderCheck({ kind, name, type, ok, findings }: CheckResult, palette: Palette): string[] {
  const title = `${kind} ${printableLine(name)} (${type})`;
  if (ok) {
    const details = findings.map(({ step, detail }) => (findings.length === 1 ? detail : step));
    return [`${palette.good('ok')}      ${title}: ${details.map(printableLine).join(', ')}`];
  }
  const lines = [`${palette.bad('failed')}  ${title}`];
  for (const finding of findings) {
    const mark = finding.ok ? palette.good('ok') : palette.bad('failed');
    lines.push(`        ${finding.step}: ${mark}${finding.ok ? '' : `  ${printableLine(finding.detail)}`}`);
    if (!finding.ok && finding.hint !== undefined) lines.push(`        → ${printableLine(finding.hint)}`);
  }
  return lines;
}
