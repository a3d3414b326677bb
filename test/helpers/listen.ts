import { createServer } from "node:http";
import type { Server } from "node:http";

/** Opens a server on a free port of the loopback; `close` also ends the connections that clients keep open. */
export async function listenForTest(server: Server): Promise<{ origin: string; close: () => Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const listening = await listenForTest(createServer());
  await listening.close();
  return Number(new URL(listening.origin).port);
}
