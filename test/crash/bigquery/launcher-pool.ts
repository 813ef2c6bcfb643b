import { WarmLauncher } from '../warm-launcher';

/** Launchers that wait for their command line, so that a case does not wait for Node. */
export class LauncherPool {
  private readonly waiting: WarmLauncher[] = [];

  /** `folder`: where the processes are at home; their commands name their files. */
  constructor(
    private readonly folder: string,
    private readonly size: number,
  ) {}

  /** A launcher that may be told its command line. */
  take(): WarmLauncher {
    const launcher = this.waiting.shift() ?? this.start();
    while (this.waiting.length < this.size) this.waiting.push(this.start());
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
