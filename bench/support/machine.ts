import os from 'node:os';

/** Returns a description of the machine and the server, for the head of the figures. */
export function machine(server: { readonly version: unknown; readonly sharedBuffers: unknown }): string {
  const cpus = os.cpus();
  const memory = Math.round(os.totalmem() / 1024 ** 3);
  return (
    `${cpus.length} cores (${cpus[0]?.model.trim() ?? 'unknown'}), ${memory} GB of memory, ` +
    `${os.type()} ${os.arch()}, Node ${process.versions.node}, ` +
    `PostgreSQL ${String(server.version)} with ${String(server.sharedBuffers)} of shared buffers`
  );
}
