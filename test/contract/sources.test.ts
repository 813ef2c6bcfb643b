import type { SourceModule } from '../../core/extractor';
import { SOURCES } from '../../extractors';
import { SOURCE_CASES } from './source-cases';
import { describeSourceContract } from './source-contract';

const modules: readonly SourceModule[] = SOURCES;

describe('contract of sources that need no service', () => {
  for (const module of modules) {
    const found = SOURCE_CASES[module.type];
    if (found?.selfContained === true) describeSourceContract(module, found);
  }
});
