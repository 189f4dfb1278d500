import { z } from 'zod';
import { cutName, isCut } from '../long-names.ts';
import type { Message } from '../message.ts';
import { iso } from '../time.ts';
import { plain } from './text.ts';

/* The types of fields that several parts of the report have. */

export const count = z.int().nonnegative();
/** What stands for a long name stays. */
export const name = z
  .string()
  .transform((text) => (isCut(text) ? text : cutName(text)))
  .pipe(z.string());
export const text = name.nullable();
export const id = text.describe('Null with `details: names`');
export const message = z.custom<Message>().transform(plain).pipe(z.string());
export const time = z.number().nullable().transform(iso).pipe(z.iso.datetime().nullable());
export const amount = z.number().nonnegative();
export const seconds = amount.transform((exact) => rounded(exact, 10)).pipe(amount);
export const rate = amount.transform((exact) => rounded(exact, 100)).pipe(amount);

/** Rounded to tenths, hundredths, or other fractions of one. */
export function rounded(exact: number, fractions: number): number {
  return Math.round(exact * fractions) / fractions;
}

export const statusCounts = { pending: count, enqueued: count, delayed: count };
