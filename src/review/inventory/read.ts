import type { DatabaseConfig } from '../../postgres/url.ts';
import type { Inventory } from './inventory.ts';

export interface InventoryRequest {
  /** Only this application's rows, and those without an owner. Undefined: all of them. */
  readonly application: string | undefined;
  readonly pollTimeoutMs: number;
}

/** Reads the system database once, and returns what is in flight in it. */
export function readInventory(
  _database: DatabaseConfig,
  _request: InventoryRequest,
  _signal: AbortSignal,
): Promise<Inventory> {
  throw new Error('not built yet');
}
