import type { PostgresServer } from '../../tests/support/postgres.ts';

export interface Options {
  /** The newest schema at ten million ended workflows as well. */
  readonly tenMillion: boolean;
  /** Tells what goes on, beside the results. */
  say(what: string): void;
}

/** A table of measurements. */
export interface Section {
  readonly title: string;
  readonly about: string;
  readonly head: readonly string[];
  rows(server: PostgresServer, options: Options): Promise<readonly (readonly string[])[]>;
}
