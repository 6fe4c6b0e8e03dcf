import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that asks another one once for everything, and says the same again from memory. */
export interface Replay extends AsyncDisposable {
  /** Instead of the other's. */
  origin: string;
  /** What was asked of it, newest last, as milliseconds since the epoch. */
  asked: number[];
}

/** What takes the double of GitHub fifty milliseconds is nothing that a start of ours could take less time for. */
export async function replay(origin: string): Promise<Replay> {
  const known = new Map<string, { status: number; type: string; text: string }>();
  const asked: number[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(Date.now());
    const parts: Buffer[] = await request.toArray();
    const body = Buffer.concat(parts).toString('utf8');
    const key = `${request.method} ${request.url}\n${body}`;
    const said = known.get(key) ?? (await ask(new URL(request.url ?? '/', origin), request, body));
    known.set(key, said);
    response.writeHead(said.status, { 'content-type': said.type }).end(said.text);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has one
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function ask(url: URL, { method = 'GET', headers }: IncomingMessage, body: string) {
  const { authorization = '' } = headers;
  const given = { authorization, accept: 'application/json', 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers: given, ...(body === '' ? {} : { body }) });
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
}
