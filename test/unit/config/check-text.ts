import { ProblemList, formatProblem } from '../../../launcher/config/configuration-problem';
import { parseConfiguration } from '../../../launcher/config/configuration-document';
import type { ConfigurationModules } from '../../../launcher/config/endpoint-modules';
import type { Configuration } from '../../../launcher/config/job-spec';
import { validateConfiguration } from '../../../launcher/config/validate-configuration';
import { FAKE_MODULES } from './fake-modules';

export interface CheckedText {
  readonly configuration: Configuration | undefined;
  /** As a user sees them. */
  readonly problems: readonly string[];
}

/** Checks a text as the file /base/f.yaml, with the fake modules unless told otherwise. */
export function checkText(
  text: string,
  environment: Record<string, string> = {},
  needsJobs = true,
  modules: ConfigurationModules = FAKE_MODULES,
): CheckedText {
  const { value, problems, places } = parseConfiguration(text, 'f.yaml');
  const configuration =
    value === undefined
      ? undefined
      : validateConfiguration({
          value,
          file: '/base/f.yaml',
          baseFolder: '/base',
          environment,
          modules,
          needsJobs,
          problems,
        });
  return { configuration, problems: problems.located(places).map(formatProblem) };
}

/** Checks plain values, without a file. */
export function checkValue(value: unknown): CheckedText {
  const problems = new ProblemList();
  const configuration = validateConfiguration({
    value,
    file: undefined,
    baseFolder: '/base',
    environment: {},
    modules: FAKE_MODULES,
    needsJobs: true,
    problems,
  });
  const located = problems.located({ file: undefined, place: () => undefined });
  return { configuration, problems: located.map(formatProblem) };
}
