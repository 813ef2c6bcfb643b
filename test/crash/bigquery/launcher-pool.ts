import { WarmLauncher } from '../warm-launcher';

/** Launchers that wait for their command line, so that a case does not wait for Node. */
export class LauncherPool {
  private readonly waiting: WarmLauncher[] = [];

  /** `folder`: where the processes are at home; their commands name their files. */
  constructor(
    private readonly folder: string,
    private readonly size: number,
  ) {}

  /** Begins a command in a process of its own. */
  async run(args: readonly string[]): Promise<WarmLauncher> {
    const launcher = this.waiting.shift() ?? this.start();
    while (this.waiting.length < this.size) this.waiting.push(this.start());
    await launcher.run(args);
    return launcher;
  }

  async stop(): Promise<void> {
    for (const launcher of this.waiting) launcher.kill('SIGKILL');
    await Promise.all(this.waiting.map((launcher) => launcher.end()));
    this.waiting.length = 0;
  }

  private start(): WarmLauncher {
    return WarmLauncher.start(this.folder, {}, []);
  }
}
