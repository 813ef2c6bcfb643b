import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A forwarded connection as drivers want a socket to be. The library's own channel is none: it is never `destroyed`, leaves writes to
 * a closed one without an answer, and ends without an error when the SSH connection breaks.
 */
export class SshChannelSocket extends Duplex {
  constructor(private readonly channel: ClientChannel) {
    super({ allowHalfOpen: false });
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => this.push(null));
    channel.on('error', (error: Error) => this.destroy(error));
  }

  /** Of TCP alone: the SSH connection has it switched on. */
  setNoDelay(): this {
    return this;
  }

  /** Of TCP alone: the SSH connection has signs of life of its own. */
  setKeepAlive(): this {
    return this;
  }

  /** Whether the process waits is decided by the SSH connection. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.channel.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.channel.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // what is still on its way is taken and thrown away, or the library's window would stay full
    this.channel.removeAllListeners('data');
    this.channel.resume();
    this.channel.destroy();
    done(error);
  }
}
