import { Argument } from 'commander';
import type { CommandModule } from '../command';
import { describeCommands } from '../completion/command-tree';
import { renderBash } from '../completion/bash';
import { renderFish } from '../completion/fish';
import { renderZsh } from '../completion/zsh';
import { EXIT } from '../exit-code';
import { addExamples } from '../flags/examples';

const RENDERERS = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;
const SHELLS = ['bash', 'zsh', 'fish'] as const satisfies readonly (keyof typeof RENDERERS)[];

/** The installed name and that of a checkout's script. */
const PROGRAM_NAMES = ['beamlift', 'beamlift.js'];

/** `beamlift completion`: scripts that complete commands and flags. */
export const completionCommand: CommandModule = {
  register: (command, action, invocation) => {
    command.addArgument(new Argument('<shell>').choices(SHELLS));
    addExamples(command, invocation, [
      { says: 'bash, in ~/.bashrc', line: 'completion bash >> ~/.bashrc' },
      { says: 'zsh, in a folder of $fpath', line: 'completion zsh > ~/.zsh/completions/_beamlift' },
      { says: 'fish', line: 'completion fish > ~/.config/fish/completions/beamlift.fish' },
    ]);
    command.action(
      action(({ host }, shell: (typeof SHELLS)[number]) => {
        host.out.write(RENDERERS[shell](describeCommands(command.parent ?? command), PROGRAM_NAMES));
        return Promise.resolve(EXIT.ok);
      }),
    );
  },
};
