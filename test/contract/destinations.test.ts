import type { DestinationModule } from '../../core/loader';
import { DESTINATIONS } from '../../loaders';
import { DESTINATION_CASES } from './destination-cases';
import { describeDestinationContract } from './destination-contract';

const modules: readonly DestinationModule[] = DESTINATIONS;

describe('contract of destinations that need no service', () => {
  for (const module of modules) {
    const found = DESTINATION_CASES[module.type];
    if (found?.selfContained === true) describeDestinationContract(module, found);
  }
});
