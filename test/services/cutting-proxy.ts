import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** TCP in front of a server, that breaks connections within answers. Requests go on as they are: their signatures stay valid. */
export interface CuttingProxy {
  readonly port: number;
  /** Bytes of answers after which the next connections that get so far break, one each. */
  cuts: number[];
  /** Connections that were broken. */
  readonly broken: () => number;
  stop(): Promise<void>;
}

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let broken = 0;
  const proxy = { cuts: [] as number[] };
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    let answered = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      answered += chunk.length;
      const [cut] = proxy.cuts;
      if (cut !== undefined && answered > cut) {
        proxy.cuts.shift();
        broken++;
        client.resetAndDestroy();
        return;
      }
      if (client.write(chunk)) return;
      upstream.pause();
      client.once('drain', () => upstream.resume());
    });
    upstream.on('end', () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    broken: () => broken,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
