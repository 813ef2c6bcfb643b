import type { DestinationModule } from '../../core/loader';
import { DESTINATIONS } from '../../loaders';
import { DESTINATION_CASES } from '../contract/destination-cases';
import { describeDestinationContract } from '../contract/destination-contract';

const modules: readonly DestinationModule[] = DESTINATIONS;

describe('contract of destinations that need a service', () => {
  for (const module of modules) {
    const found = DESTINATION_CASES[module.type];
    if (found?.selfContained === false) describeDestinationContract(module, found);
  }
});
