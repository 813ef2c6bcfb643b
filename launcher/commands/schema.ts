import type { CommandModule } from '../command';
import { EXIT } from '../exit-code';
import { addExamples } from '../flags/examples';

/** Spaces an indentation of the printed schema has. */
const INDENT = 2;

/** `beamlift schema`: the JSON schema of the configuration. */
export const schemaCommand: CommandModule = {
  register: (command, action, invocation) => {
    addExamples(command, invocation, [{ says: 'For an editor', line: 'schema > beamlift.schema.json' }]);
    command.addHelpText(
      'after',
      '\nMost editors take it from a first line in beamlift.yaml:\n  # yaml-language-server: $schema=./beamlift.schema.json',
    );
    command.action(
      action(({ host, engine }) => {
        const schema = engine.configurationJsonSchema();
        host.out.write(`${JSON.stringify(schema, null, INDENT)}\n`);
        return Promise.resolve(EXIT.ok);
      }),
    );
  },
};
