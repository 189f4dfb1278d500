import os from 'node:os';

/** What the figures were measured on. */
export function machine(server: { readonly version: unknown; readonly sharedBuffers: unknown }): string {
  const cpus = os.cpus();
  const state = Math.round(os.totalmem() / 1024 ** 3);
  return (
    `${cpus.length} cores (${cpus[0]?.model.trim() ?? 'unknown'}), ${state} GB of memory, ` +
    `${os.type()} ${os.arch()}, Node ${process.versions.node}, ` +
    `PostgreSQL ${String(server.version)} with ${String(server.sharedBuffers)} of shared buffers`
  );
}
