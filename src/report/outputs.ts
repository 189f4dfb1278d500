import { z } from 'zod';
import { isCut } from '../long-names.ts';
import { VERDICTS } from '../rules/verdict.ts';
import { iso } from '../time.ts';
import { DIAGNOSES } from './diagnosis.ts';
import { type RunReport, versionSchema } from './schema.ts';
import { rounded } from './schema-parts.ts';
import { plain } from './text.ts';

/** GitHub takes 1 MB of outputs per job. The three lists share a part of it, since other steps have outputs too. */
const LIST_BYTES = 200 * 1024;

/**
 * The outputs in `action.yml`, for every verdict. What was not observed is empty, or an empty list.
 *
 * @param maximum The most bytes of all of them, where a place takes less than GitHub. The names to tear down come first.
 */
export function outputsOf(report: RunReport, reportPath: string, maximum = Number.POSITIVE_INFINITY) {
  const values = {
    verdict: report.verdict,
    drained: String(report.drained),
    reason: plain(report.headline),
    diagnosis: report.diagnosis?.kind ?? '',
    'not-before': iso(report.notBefore) ?? '',
    'in-flight': String(report.inFlight ?? ''),
    unversioned: String(report.unversioned ?? ''),
    'waited-seconds': String(rounded(report.waitedSeconds, 10)),
    versions: '[]',
    'drained-versions': '[]',
    'draining-versions': '[]',
    'observed-at': iso(report.observedAt) ?? '',
    'report-path': reportPath,
  };
  let omitted = 0;
  const fill = (name: 'versions' | 'drained-versions' | 'draining-versions', within: (bytes: number) => Fitting) => {
    const taken = Object.entries(values).map((line) => Buffer.byteLength(`${line.join('=')}\n`));
    const left = taken.reduce((rest, bytes) => rest - bytes, maximum);
    const list = within(Math.min(LIST_BYTES, left));
    values[name] = jsonArray(list);
    omitted += list.omitted;
  };
  fill('drained-versions', (bytes) => fitting(report.drainedVersions, bytes));
  fill('draining-versions', (bytes) => fitting(report.drainingVersions, bytes));
  fill('versions', (bytes) => fittingVersions(report, bytes));
  /** `omitted`: how many entries of the lists are left out, for lack of room. */
  return { values, omitted };
}

/** What outputs of a fixed set can be in another run. */
const FIXED_VALUES: Readonly<Record<string, readonly string[]>> = {
  verdict: VERDICTS,
  drained: ['true', 'false'],
  diagnosis: DIAGNOSES,
};

/**
 * The names of the outputs whose value is found, or can be in another run, where that is known before. `report-path` is
 * none of them: in another job its file is not there.
 */
export function outputsWith(
  isFound: (value: string) => boolean,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const names = Object.keys(values).filter((name) => name !== 'report-path');
  return names.filter((name) => [values[name] ?? '', ...(FIXED_VALUES[name] ?? [])].some(isFound));
}

/** Versions as in the report file, without what is written for people. */
const versionOutputs = z.array(
  versionSchema.omit({ oldestCreatedAt: true, idleSeconds: true, reasons: true, outlook: true }),
);

/**
 * Where not all fit, forecasts are omitted first, then diagnoses, and versions last. The last entry says how many of the
 * versions are omitted. The report file has all of it.
 */
function fittingVersions({ versions }: RunReport, maximum: number): Fitting {
  const bytes = maximum - JSON.stringify({ omitted: versions.length }).length;
  const short = versions.filter(({ version }) => version === null || isWhole(version));
  const tooLong = versions.length - short.length;
  const entries = versionOutputs.parse(short).map((entry, at) => ({ ...entry, version: short[at]?.version ?? null }));
  const fitted = firstWhole(
    entries,
    [
      ({ forecast, ...version }) => ({
        ...version,
        forecast: forecast && { ...forecast, earliestEnds: forecast.earliestEnds.slice(0, 1) },
      }),
      (version) => ({ ...version, forecast: null }),
      (version) => ({ ...version, forecast: null, diagnosis: null }),
    ],
    bytes,
  );
  const omitted = fitted.omitted + tooLong;
  return omitted === 0 ? fitted : { texts: [...fitted.texts, JSON.stringify({ omitted })], omitted };
}

interface Fitting {
  readonly texts: readonly string[];
  readonly omitted: number;
}

/** The entries in the first of these forms in which all of them fit, or in the last one. */
function firstWhole<Entry>(entries: readonly Entry[], forms: readonly ((entry: Entry) => unknown)[], maximum: number) {
  const whole = forms.values().map((form) => fitting(entries.map(form), maximum));
  let fitted = fitting([], maximum);
  for (fitted of whole) if (fitted.omitted === 0) break;
  return fitted;
}

/** The entries that fit, each in JSON. A longer one does not keep out those after it. */
function fitting(entries: readonly unknown[], maximum: number): Fitting {
  const texts: string[] = [];
  let bytes = 2;
  for (const entry of entries) {
    if (typeof entry === 'string' && !isWhole(entry)) continue;
    const text = JSON.stringify(entry);
    const more = Buffer.byteLength(text) + 1;
    if (bytes + more > maximum) continue;
    bytes += more;
    texts.push(text);
  }
  return { texts, omitted: entries.length - texts.length };
}

/** Whether it is a name, and can fit. What stands for a long name is in no output: somebody could tear it down. */
function isWhole(name: string): boolean {
  return name.length <= LIST_BYTES && !isCut(name);
}

function jsonArray({ texts }: Fitting): string {
  return `[${texts.join(',')}]`;
}
