import type { PostgresSettings } from './postgres-settings';
import { openPostgresSocket } from './postgres-socket';
import { encryptionAttempts } from './postgres-tls';

/** How long a cancel request may take. It is a courtesy: the connection is gone in any case. */
const CANCEL_TIMEOUT_MS = 2_000;
/** Length, and the code 1234.5678, of a cancel request. */
const CANCEL_REQUEST = [16, 80_877_102] as const;

/** Asks the server, over a connection of its own, to stop what another one is doing. Never rejects. */
export async function requestCancel(
  settings: PostgresSettings,
  processId: number,
  secretKey: number,
): Promise<void> {
  const [encryption] = encryptionAttempts(settings);
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  try {
    const { socket } = await openPostgresSocket(settings, encryption ?? 'none', () => undefined, signal);
    socket.on('error', () => undefined);
    const message = Buffer.alloc(CANCEL_REQUEST[0]);
    message.writeInt32BE(CANCEL_REQUEST[0], 0);
    message.writeInt32BE(CANCEL_REQUEST[1], 4);
    message.writeInt32BE(processId, 8);
    message.writeInt32BE(secretKey, 12);
    socket.end(message);
    // answered by the end of the connection
    const giveUp = setTimeout(() => socket.destroy(), CANCEL_TIMEOUT_MS).unref();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()).resume());
    clearTimeout(giveUp);
  } catch {
    // the server is out of reach: then it has noticed as much itself, or will
  }
}
