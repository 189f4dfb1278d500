import { iso, seconds } from './formats.ts';
import { drainedVersions, drainingVersions, inFlightOnAll, type RunReport, targetsOf } from './model.ts';
import { versionsOf } from './report-file.ts';
import type { VersionReport } from './schema.ts';

/** GitHub takes 1 MB of outputs a job; the three lists share a part of it, since other steps have outputs too. */
const LIST_BYTES = 200 * 1024;

export interface Outputs {
  readonly values: Readonly<Record<OutputName, string>>;
  /** How many entries of the lists were left out, to stay within GitHub's limit. */
  readonly omitted: number;
}

/** The names in `action.yml`. */
export const OUTPUT_NAMES = [
  'verdict',
  'drained',
  'in-flight',
  'unversioned',
  'waited-seconds',
  'versions',
  'drained-versions',
  'draining-versions',
  'observed-at',
  'report-path',
] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];

/** The outputs, for every verdict. What was not observed is empty, zero, or an empty list. */
export function outputsOf(result: RunReport, reportPath: string): Outputs {
  const versions = fittingVersions(versionsOf(result));
  const drained = fitting(drainedVersions(result));
  const draining = fitting(drainingVersions(result));
  return {
    values: {
      verdict: result.verdict,
      drained: String(result.verdict === 'drained'),
      'in-flight': String(inFlightOnAll(targetsOf(result))),
      unversioned: String(result.last?.evaluation.unversioned ?? 0),
      'waited-seconds': String(seconds(result.waitedMs)),
      versions: versions.json,
      'drained-versions': drained.json,
      'draining-versions': draining.json,
      'observed-at': iso(result.last?.evaluation.snapshot.observedAt) ?? '',
      'report-path': reportPath,
    },
    omitted: versions.omitted + drained.omitted + draining.omitted,
  };
}

/** Where all would not fit, forecasts are left out before versions are; the report file has them. */
function fittingVersions(versions: readonly VersionReport[]): ReturnType<typeof fitting> {
  const brief = fitting(
    versions.map(({ forecast, ...version }) => ({
      ...version,
      forecast: forecast && { ...forecast, earliestEnds: forecast.earliestEnds.slice(0, 1) },
    })),
  );
  return brief.omitted === 0 ? brief : fitting(versions.map((version) => ({ ...version, forecast: null })));
}

/** The entries that fit, in JSON. One that is too long keeps none of those after it out. */
function fitting(entries: readonly unknown[]): { readonly json: string; readonly omitted: number } {
  const texts: string[] = [];
  let bytes = 2;
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    const more = Buffer.byteLength(text) + 1;
    if (bytes + more > LIST_BYTES) continue;
    bytes += more;
    texts.push(text);
  }
  return { json: `[${texts.join(',')}]`, omitted: entries.length - texts.length };
}
