import type { Duplex } from 'node:stream';
import type { OnReadOpts, Socket } from 'node:net';

/** Takes the bytes that come from a socket, in place of its stream. */
export interface SocketTap {
  /** Where the next bytes are to be put: never empty. Asked for after each `received`. */
  room(): Uint8Array;
  /** These bytes came; they are at the beginning of what `room` gave, or anywhere else. False: the socket is to wait until `resume` is called. */
  received(bytes: Uint8Array): boolean;
}

/** How the bytes of a socket are taken over, and given back. */
export interface TappableSocket {
  readonly socket: Duplex;
  /**
   * Whether it may be left alone for a moment: fewer bytes than there was room for are all that there were, and what comes meanwhile is kept in buffers that the
   * system makes larger where they fill up. Those of a unix socket stay as small as they are: its server would have to wait.
   */
  readonly mayRest: boolean;
  /** What the socket's stream would have been listened to by, meanwhile. */
  readonly listeners: readonly ((bytes: Buffer) => void)[];
  attach(tap: SocketTap): void;
  /** Safe to call twice. */
  detach(): void;
  resume(): void;
}

/** What a socket reads into while nobody has taken it over. */
const UNTAPPED_BYTES = 16 * 1024;

/**
 * Has a socket of the operating system read to where its tap says, without buffers of its own. Without a tap it is a stream like others.
 * `options` are for `net.connect`.
 */
export class ReadPlace {
  readonly options: OnReadOpts;
  tap: SocketTap | undefined;
  isTcp = false;
  private socket: Socket | undefined;
  private readonly untapped = Buffer.allocUnsafeSlow(UNTAPPED_BYTES);

  constructor() {
    this.options = {
      buffer: () => this.tap?.room() ?? this.untapped,
      callback: (length, bytes) => this.received(bytes.subarray(0, length)),
    };
  }

  /** To be told which socket it is, before anything can have come. */
  belongsTo(socket: Socket, kind: 'tcp' | 'unix'): void {
    this.socket = socket;
    this.isTcp = kind === 'tcp';
  }

  private received(bytes: Uint8Array): boolean {
    if (this.tap !== undefined) return this.tap.received(bytes);
    return this.socket?.push(Buffer.from(bytes)) ?? false;
  }
}

/** A socket that can be taken over; `place`: where it reads to, if that can be said. It has one listener, which is the driver's. */
export function tappable(socket: Duplex, place: ReadPlace | undefined): TappableSocket | undefined {
  const listeners = socket.listeners('data') as ((bytes: Buffer) => void)[];
  if (listeners.length !== 1) return undefined;
  const resume = (): void => void socket.resume();
  if (place !== undefined) {
    const attach = (tap: SocketTap): void => void (place.tap = tap);
    const detach = (): void => void (place.tap = undefined);
    return { socket, mayRest: place.isTcp, listeners, attach, detach, resume };
  }
  let onData: ((bytes: Buffer) => void) | undefined;
  return {
    socket,
    mayRest: false,
    listeners,
    resume,
    attach: (tap) => {
      onData = (bytes) => {
        if (!tap.received(bytes)) socket.pause();
      };
      for (const listener of listeners) socket.off('data', listener);
      socket.on('data', onData);
    },
    detach: () => {
      if (onData === undefined) return;
      socket.off('data', onData);
      onData = undefined;
      for (const listener of listeners) socket.on('data', listener);
    },
  };
}
