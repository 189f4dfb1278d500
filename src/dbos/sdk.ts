/*
 * What differs by the language of the SDK, in one place. The tables name no language. What a workflow's inputs are
 * encoded with names one, except where every SDK can write it (`portable_json`) or the application has its own.
 */

/** How an SDK records the steps of a workflow. */
interface Sdk {
  /** The `function_id` of the first step. */
  readonly firstStep: 0 | 1;
  /** The timer of a `recv` or a `getEvent` records when it will be over. The other SDKs record an instant there. */
  readonly recordsTimerEnds: boolean;
}

const FROM_ZERO: Sdk = { firstStep: 0, recordsTimerEnds: false };

/** By `serialization` of `workflow_status`. Source: rows of TypeScript 5.3, Python 3.4, Go 1.8, Java 1.1 and Rust 0.5. */
const SDKS: ReadonlyMap<string, Sdk> = new Map([
  ['js_superjson', FROM_ZERO],
  ['js_legacy', FROM_ZERO],
  ['py_pickle', { firstStep: 1, recordsTimerEnds: false }],
  ['DBOS_JSON', FROM_ZERO],
  ['java_jackson', { firstStep: 0, recordsTimerEnds: true }],
  ['rust_serde', FROM_ZERO],
]);

/** Returns how the SDK of a workflow records its steps; undefined where its serialization names no language. */
export function sdkOf(serialization: string | null): Sdk | undefined {
  return serialization === null ? undefined : SDKS.get(serialization);
}
