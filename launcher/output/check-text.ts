import type { CheckFinding } from '../../core/extractor';
import type { CheckResult } from '../check-configuration';
import type { Palette } from './palette';
import { printableLine } from './printable';

/** One line for what can be used, and what is not as expected; for what cannot, the step that failed, why, and what to do. */
export function renderCheck({ kind, name, type, ok, findings }: CheckResult, palette: Palette): string[] {
  const title = `${kind.replace('_', ' ')} ${printableLine(name)} (${type})`;
  if (ok) {
    const plain = findings.filter(({ warning }) => warning !== true);
    const details = plain.map(({ step, detail }) => (plain.length === 1 ? detail : step));
    return [
      `${palette.good('ok')}      ${title}: ${details.map(printableLine).join(', ')}`,
      ...findings
        .filter(({ warning }) => warning === true)
        .flatMap((finding) => warningLines(finding, palette)),
    ];
  }
  const lines = [`${palette.bad('failed')}  ${title}`];
  for (const finding of findings) {
    if (finding.ok && finding.warning === true) {
      lines.push(...warningLines(finding, palette));
      continue;
    }
    const mark = finding.ok ? palette.good('ok') : palette.bad('failed');
    lines.push(`        ${finding.step}: ${mark}${finding.ok ? '' : `  ${printableLine(finding.detail)}`}`);
    if (!finding.ok && finding.hint !== undefined) lines.push(`        → ${printableLine(finding.hint)}`);
  }
  return lines;
}

function warningLines({ step, detail, hint }: CheckFinding, palette: Palette): string[] {
  const line = `        ${step}: ${palette.warning('warning')}  ${printableLine(detail)}`;
  return hint === undefined ? [line] : [line, `        → ${printableLine(hint)}`];
}
