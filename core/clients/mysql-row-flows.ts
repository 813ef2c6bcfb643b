import type { Duplex } from 'node:stream';
import type { Connection } from 'mysql2';
import { BeamliftError } from '../errors';
import { MYSQL_HEADER_BYTES } from '../mysql-rows';
import type { RowReceiver } from './mysql-client';
import { RowPackets } from './mysql-row-packets';
import { tappable, type ReadPlace, type SocketTap, type TappableSocket } from './socket-taps';

/** How the rows of one answer come to their receiver. */
export interface RowFlow {
  /** Takes the rows of a command that was begun just now. */
  begin(command: object): void;
  /** To be called when the driver has told the receiver of its fields. */
  knowsFields(): void;
  /** The receiver has been full, and its rows were taken. */
  resume(): void;
  /** Safe to call twice. */
  end(): void;
}

export interface FlowInput {
  readonly connection: Connection;
  /** Where its socket reads to, if that can be said. */
  readonly place: ReadPlace | undefined;
  readonly receiver: RowReceiver;
  readonly maxRowBytes: number;
  readonly tooLong: () => BeamliftError;
  /** Called when the receiver is full. */
  readonly wake: () => void;
  /** Ends the connection, too. */
  readonly fail: (error: unknown) => void;
}

/** The parts of the driver's objects that its type declarations leave out. */
interface DriverParts {
  readonly stream: Duplex;
  sequenceId: number;
}
interface DriverPacket {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
}

/** By packets where the receiver takes them and the driver is as expected, else by the driver. */
export function openRowFlow(input: FlowInput): RowFlow {
  const { connection, place, receiver } = input;
  const driver = connection as unknown as DriverParts;
  if (receiver.packets !== undefined && Number.isInteger(driver.sequenceId)) {
    const socket = tappable(driver.stream, place);
    if (socket !== undefined) return new PacketFlow(input, socket, driver);
  }
  return new DriverFlow(input, driver);
}

/**
 * The rows of a command as the driver's packets, before it makes values of them: it cuts microseconds off, and an object for each cell costs
 * more than reading it. The driver sets its own parser when the columns are known; this one stays in its place.
 */
class DriverFlow implements RowFlow {
  private sinceRow = 0;
  private hasFailed = false;

  constructor(
    private readonly input: FlowInput,
    private readonly driver: DriverParts,
  ) {}

  begin(command: object): void {
    const parser = {
      next: (packet: DriverPacket): null => {
        this.takeRow(packet);
        return null;
      },
    };
    Object.defineProperty(command, '_rowParser', { get: () => parser, set: () => undefined });
    // after the driver's own listener, so that what is left is the beginning of the next row
    this.driver.stream.on('data', this.countBytes);
  }

  knowsFields(): void {
    // the driver knows by itself that rows follow
  }

  resume(): void {
    this.input.connection.resume();
  }

  end(): void {
    this.driver.stream.removeListener('data', this.countBytes);
  }

  private takeRow(packet: DriverPacket): void {
    this.sinceRow = 0;
    if (this.hasFailed) return;
    const { receiver, connection, wake } = this.input;
    try {
      receiver.row(packet.buffer, packet.offset, packet.end);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (!receiver.isFull) return;
    connection.pause();
    wake();
  }

  private readonly countBytes = (chunk: Buffer): void => {
    this.sinceRow += chunk.length;
    if (this.sinceRow > this.input.maxRowBytes && !this.hasFailed) this.fail(this.input.tooLong());
  };

  private fail(error: unknown): void {
    this.hasFailed = true;
    this.input.fail(error);
  }
}

/** What the packet behind the columns begins with, and the bytes that it has at most; and what one of an error begins with. */
const END_MARK = 0xfe;
const END_BYTES = 5;
const ERROR_MARK = 0xff;

/** What the answer of a statement with rows has come to. */
type Phase = 'columns' | 'columns read' | 'rows';

/** The rows of a command as the server's packets, which the driver does not see: it gets the beginning of the answer and the end. */
class PacketFlow implements RowFlow {
  private readonly packets: RowPackets;
  private phase: Phase = 'columns';
  private hasFailed = false;

  constructor(
    private readonly input: FlowInput,
    private readonly socket: TappableSocket,
    private readonly driver: DriverParts,
  ) {
    const { receiver, maxRowBytes, tooLong, wake } = input;
    const packetReceiver = {
      other: (packet: Buffer, number: number) => this.giveToDriver(packet, number),
      rows: (bytes: Buffer, view: DataView, start: number, end: number, rows: number): void => {
        receiver.packets?.(bytes, view, start, end, rows);
        wake();
      },
      longRow: (row: Buffer): void => {
        receiver.row(row, 0, row.length);
        wake();
      },
    };
    this.packets = new RowPackets(packetReceiver, maxRowBytes, tooLong);
  }

  begin(): void {
    const tap: SocketTap = {
      room: () => this.packets.room(),
      received: (bytes) => this.guard(() => this.packets.received(bytes)),
    };
    this.socket.attach(tap);
  }

  knowsFields(): void {
    this.phase = 'columns read';
  }

  resume(): void {
    if (this.guard(() => this.packets.goOn())) this.socket.resume();
  }

  end(): void {
    this.socket.detach();
  }

  /** Whether rows come behind the packet. The driver wants to see every packet's number; it has not seen those of rows. */
  private giveToDriver(packet: Buffer, number: number): boolean {
    const { phase } = this;
    if (phase === 'rows') this.driver.sequenceId = number;
    for (const listener of this.socket.listeners) listener(packet);
    const mark = packet[MYSQL_HEADER_BYTES];
    if (phase !== 'columns read' || mark === ERROR_MARK) return false;
    // a driver that agrees with the server on leaving this packet out would have taken a row for it
    if (mark !== END_MARK || packet.length > MYSQL_HEADER_BYTES + END_BYTES) {
      throw new BeamliftError('INTERNAL', { what: 'The columns of a result of MySQL have no end' });
    }
    this.phase = 'rows';
    return true;
  }

  private guard(work: () => boolean): boolean {
    if (this.hasFailed) return false;
    try {
      return work();
    } catch (error) {
      this.hasFailed = true;
      this.input.fail(error);
      return false;
    }
  }
}
