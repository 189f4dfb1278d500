/** Whole seconds and tenths. */
export function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

/** ISO 8601; null for no time, and for one that no calendar has (a row may hold any number). */
export function iso(epochMs: number | null | undefined): string | null {
  if (epochMs === null || epochMs === undefined) return null;
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  return Number.isNaN(date.getTime()) || year < 0 || year > 9999 ? null : date.toISOString();
}
