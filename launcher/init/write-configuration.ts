import { Document, isMap, parseDocument } from 'yaml';
import { BeamliftError } from '../../core/errors';
import type { JsonObject } from '../../core/plan';

/** What init adds to a configuration. Objects are as they are written in the file. */
export interface NewJob {
  readonly jobName: string;
  readonly job: JsonObject;
  /** Preferred names; another one is taken where the name means something else already. */
  readonly connectionName: string;
  readonly connection: JsonObject;
  readonly destinationName: string;
  readonly destination: JsonObject;
}

/** The first lines of a file that init makes. */
const HEADER = ` What beamlift loads: \`beamlift plan\` shows it, \`beamlift run\` does it. \`beamlift schema\` prints the schema for editors.`;

/**
 * The text of a configuration with one job more. Comments and order of an existing text are kept; a connection or destination that is
 * there already with the same fields is used and not written twice. Throws USAGE when the job's name is taken.
 */
export function addJob(existing: string | undefined, added: NewJob): string {
  const document: Document = existing === undefined ? newDocument() : parseDocument(existing);
  const [problem] = document.errors;
  if (problem !== undefined || !(document.contents === null || isMap(document.contents))) {
    throw new BeamliftError('CONFIG_INVALID', {
      what: 'The existing configuration is not valid YAML',
      why: problem?.message ?? 'It is not a map.',
      hint: 'Correct it, or write to another file with -f.',
    });
  }
  if (document.contents === null) document.contents = document.createNode({});
  if (document.hasIn(['jobs', added.jobName])) {
    throw new BeamliftError('USAGE', {
      what: `The configuration has a job called "${added.jobName}" already`,
      hint: 'Give the new one another name with --name.',
    });
  }
  const connection = placeEndpoint(document, 'connections', added.connectionName, added.connection);
  const destination = placeEndpoint(document, 'destinations', added.destinationName, added.destination);
  setIn(document, ['jobs', added.jobName], { connection, ...added.job, destination });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function newDocument(): Document {
  const document = new Document({ connections: {}, destinations: {}, jobs: {} });
  document.commentBefore = HEADER;
  return document;
}

/** The name under which the endpoint is in the document, after adding it where it was not. */
function placeEndpoint(
  document: Document,
  section: 'connections' | 'destinations',
  name: string,
  fields: JsonObject,
): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    const present: unknown = document.getIn([section, candidate]);
    if (present === undefined) {
      setIn(document, [section, candidate], fields);
      return candidate;
    }
    const plain: unknown = isMap(present) ? present.toJSON() : present;
    if (sameFields(plain, fields)) return candidate;
  }
}

function setIn(document: Document, path: readonly [string, string], value: JsonObject): void {
  const [section, name] = path;
  if (!isMap(document.get(section))) document.set(section, document.createNode({}));
  document.setIn([section, name], document.createNode(value));
}

function sameFields(a: unknown, b: JsonObject): boolean {
  if (typeof a !== 'object' || a === null) return false;
  const sorted = (fields: object): string =>
    JSON.stringify(Object.entries(fields).sort(([left], [right]) => (left < right ? -1 : 1)));
  return sorted(a) === sorted(b);
}
