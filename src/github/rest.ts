import { defaults, GitHub, getOctokitOptions } from '@actions/github/lib/utils';
import { ApiFailure } from './checks-api.ts';

/* The HTTP client, and what its errors mean. It is loaded only where GitHub's API is asked for something. */

/** Without `retry-after`, GitHub asks to wait for a minute at least (*Rate limits for the REST API*). */
const SHORTEST_LIMIT_MS = 60_000;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The host of the API, as in a URL. */
export function apiHostname(): string {
  return new URL(defaults.baseUrl ?? '').hostname;
}

/** The API of the server in `GITHUB_API_URL`, or of github.com. */
export function restOf(token: string): InstanceType<typeof GitHub>['rest'] {
  return new GitHub(getOctokitOptions(token, { log: silent })).rest;
}

/** @throws ApiFailure where GitHub answers with a refusal; otherwise what the request throws. */
export async function answered<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw failureOf(error) ?? error;
  }
}

/** What GitHub answered; undefined where nothing came. Octokit gives an answer that never came the status 500. */
function failureOf(error: unknown): ApiFailure | undefined {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return undefined;
  const headers = headersOf(error);
  if (headers === undefined) return undefined;
  return new ApiFailure(error.status, error.message, limitMs(error.status, error, headers));
}

function headersOf(error: Error): Readonly<Record<string, unknown>> | undefined {
  const response = 'response' in error ? error.response : undefined;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  return typeof headers === 'object' && headers !== null ? { ...headers } : undefined;
}

/** How long GitHub wants to be left alone, in milliseconds; undefined where it does not say. */
function limitMs(status: number, { message }: Error, headers: Readonly<Record<string, unknown>>): number | undefined {
  const after = Number(headers['retry-after'] ?? Number.NaN);
  if (after >= 0) return after * 1000;
  if (status !== 403 && status !== 429) return undefined;
  const isSecondary = /secondary rate limit|abuse detection/i.test(message);
  const isLimit = isSecondary || status === 429;
  if (headers['x-ratelimit-remaining'] !== '0') return isLimit ? SHORTEST_LIMIT_MS : undefined;
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1000 - Date.now();
  return reset > 0 ? reset : SHORTEST_LIMIT_MS;
}
