export { codeVersion } from '../pipelines/code-version';
