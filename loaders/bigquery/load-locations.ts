/*
 * Which buckets BigQuery loads from, by the locations of dataset and bucket: "Location considerations" of its page on batch loading
 * ("BigQuery locations", Load data). A dataset in the US loads from everywhere; every other one from its own place, a place that it
 * contains, or a place that contains it.
 */

/** Regions of BigQuery's multi-region EU: those in the European Union (so neither London nor Zurich). */
const EU_REGIONS: readonly string[] = [
  'EUROPE-CENTRAL2',
  'EUROPE-NORTH1',
  'EUROPE-NORTH2',
  'EUROPE-SOUTHWEST1',
  'EUROPE-WEST1',
  'EUROPE-WEST3',
  'EUROPE-WEST4',
  'EUROPE-WEST8',
  'EUROPE-WEST9',
  'EUROPE-WEST10',
  'EUROPE-WEST12',
];

const US_REGION = /^US-(?:CENTRAL|EAST|SOUTH|WEST)\d+$/;

/** Dual-regions of Cloud Storage that have names of their own. */
const DUAL_REGIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ASIA1', ['ASIA-NORTHEAST1', 'ASIA-NORTHEAST2']],
  ['EUR4', ['EUROPE-NORTH1', 'EUROPE-WEST4']],
  ['EUR5', ['EUROPE-WEST1', 'EUROPE-WEST2']],
  ['EUR7', ['EUROPE-WEST2', 'EUROPE-WEST3']],
  ['EUR8', ['EUROPE-WEST3', 'EUROPE-WEST6']],
  ['NAM4', ['US-CENTRAL1', 'US-EAST1']],
]);

/** The one region in Asia whose datasets load from the multi-region ASIA. */
const REGION_OF_ASIA = 'ASIA-NORTHEAST1';

/** A location as BigQuery's API writes it: multi-regions in capitals, regions in small letters. Jobs are found by it. */
export function canonicalLocation(written: string): string {
  return /^(?:eu|us)$/i.test(written) ? written.toUpperCase() : written.toLowerCase();
}

/** Whether a dataset can load from a bucket. */
export function canLoadFrom(datasetLocation: string, bucketLocation: string): boolean {
  const dataset = datasetLocation.toUpperCase();
  const bucket = bucketLocation.toUpperCase();
  if (dataset === 'US' || dataset === bucket) return true;
  const pair = DUAL_REGIONS.get(bucket);
  if (pair !== undefined) {
    return dataset === 'EU' ? pair.every((region) => EU_REGIONS.includes(region)) : pair.includes(dataset);
  }
  switch (bucket) {
    case 'EU':
      return EU_REGIONS.includes(dataset);
    case 'US':
      return US_REGION.test(dataset);
    case 'ASIA':
      return dataset === REGION_OF_ASIA;
    default:
      return dataset === 'EU' && EU_REGIONS.includes(bucket);
  }
}
