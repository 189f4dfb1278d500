import type { PostgresServer } from '../../tests/support/postgres.ts';

export interface Options {
  /** Whether to measure the newest schema with ten million finished workflows as well. */
  readonly tenMillion: boolean;
  /** Reports progress, apart from the results. */
  say(what: string): void;
}

/** A table of measurements. */
export interface Section {
  readonly title: string;
  readonly about: string;
  readonly head: readonly string[];
  rows(server: PostgresServer, options: Options): Promise<readonly (readonly string[])[]>;
}
