import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A network of the test's own between the gate and a server, with faults on demand. */
export interface Network {
  /** The URL, through this network. */
  through(url: string): string;
  /** Connections that the gate has open. */
  readonly open: number;
  /** The most that it ever had open at once. */
  readonly most: number;
  /** Resolves when the gate has none open. */
  closed(): Promise<void>;
  /** Resolves when the gate sends something, from now on. */
  spoken(): Promise<void>;
  /** Swallows every byte, both ways, and closes nothing: what a broken network does. */
  goSilent(): void;
  /** Hands bytes on again; what was swallowed is lost, and connections of that time hear nothing any more. */
  recover(): void;
  /** Accepts nothing any more: connections are refused. Those that are there are cut. */
  refuse(): Promise<void>;
  /** Accepts connections again, on the same port. */
  accept(): Promise<void>;
  /**
   * Forgets the connections that are there, as a NAT does with idle ones: closes nothing, hands on so many more messages
   * of the gate, and answers the next one with a reset.
   */
  forget(messages?: number): void;
  /** Leads to the server of this URL from now on, and cuts the connections that are there. */
  leadTo(serverUrl: string): void;
}

/** Starts a network in front of the server that the URL names; gone with the test. */
export async function startNetwork(serverUrl: string): Promise<Network> {
  let target = new URL(serverUrl);
  /** Those that the gate has open, and those whose farewell a silent network has swallowed. */
  const sockets = new Set<Socket>();
  const unanswered = new Set<Socket>();
  const deaf = new WeakSet<Socket>();
  /** How many more messages are handed on. */
  const forgotten = new WeakMap<Socket, number>();
  const listeners = { closed: new Set<() => void>(), spoken: new Set<() => void>() };
  const tell = (whom: keyof typeof listeners) => {
    const waiting = [...listeners[whom]];
    listeners[whom].clear();
    for (const resolve of waiting) resolve();
  };
  let silent = false;
  let most = 0;

  const join = (gate: Socket) => {
    const server = new Socket().connect(Number(target.port), target.hostname);
    sockets.add(gate);
    most = Math.max(most, sockets.size);
    if (silent) deaf.add(gate);
    const hand = (bytes: Buffer, to: Socket) => {
      if (!deaf.has(gate) && to.writable) to.write(bytes);
    };
    gate.on('data', (bytes: Buffer) => {
      const left = forgotten.get(gate);
      if (left === 0) gate.resetAndDestroy();
      if (left !== undefined) forgotten.set(gate, left - 1);
      hand(bytes, server);
      tell('spoken');
    });
    server.on('data', (bytes: Buffer) => hand(bytes, gate));
    server.on('close', () => {
      if (!deaf.has(gate)) gate.end();
    });
    const left = () => {
      sockets.delete(gate);
      if (sockets.size === 0) tell('closed');
    };
    gate.on('end', () => {
      if (deaf.has(gate)) unanswered.add(gate);
      else gate.end();
      left();
    });
    gate.on('close', () => {
      unanswered.delete(gate);
      server.destroy();
      left();
    });
    for (const socket of [gate, server]) socket.on('error', () => undefined);
  };

  let listening = await listen(join, 0);
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('The network has no port.');
  const own = address.port;
  const refuse = async () => {
    for (const socket of [...sockets, ...unanswered]) socket.destroy();
    if (!listening.listening) return;
    listening.close();
    await once(listening, 'close');
  };
  onTestFinished(refuse);
  return {
    through: (url) => Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(own) }).href,
    get open() {
      return sockets.size;
    },
    get most() {
      return most;
    },
    closed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => listeners.closed.add(resolve))),
    spoken: () => new Promise((resolve) => listeners.spoken.add(resolve)),
    goSilent: () => {
      silent = true;
      for (const socket of sockets) deaf.add(socket);
    },
    recover: () => {
      silent = false;
    },
    refuse,
    accept: async () => {
      listening = await listen(join, own);
    },
    forget: (messages = 0) => {
      for (const socket of sockets) forgotten.set(socket, messages);
    },
    leadTo: (url) => {
      target = new URL(url);
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function listen(join: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, join).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
