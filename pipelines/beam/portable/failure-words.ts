import { BeamliftError } from '../../../core/errors';
import { errorOf } from '../error-text';

/** So many characters of the runner's own words are shown. */
const SHOWN_CHARACTERS = 2_000;
/** So many texts are kept of the beginning, where causes are, and as many of the end. */
const KEPT = 50;

/** What a runner writes about a job, for the case that it fails. Bounded: a long job writes a great deal. */
export class FailureWords {
  private ours: BeamliftError | undefined;
  private readonly first: string[] = [];
  private readonly last: string[] = [];

  /** `grave`: the runner calls it an error. */
  add(text: string, grave: boolean): void {
    this.ours ??= errorOf(text);
    if (!grave) return;
    const short = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
    if (this.first.length < KEPT) {
      this.first.push(short);
      return;
    }
    this.last.push(short);
    if (this.last.length > KEPT) this.last.shift();
  }

  /** Why the job failed: the first error of ours that a worker ended with, else the runner's words. */
  error(jobId: string): BeamliftError {
    if (this.ours !== undefined) return this.ours;
    const words = [...new Set([...this.first, ...this.last])].join('\n').slice(0, SHOWN_CHARACTERS);
    return new BeamliftError('RUNNER_FAILED', {
      what: 'The pipeline failed on its runner',
      where: { object: jobId },
      why: words === '' ? 'The runner does not say why.' : words,
      hint: 'Nothing was published. The log of the runner, and those of its workers, tell more.',
    });
  }
}
