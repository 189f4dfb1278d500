/** Names an input for the reader, with a value to set if there is one; undefined for what is no input. */
export type Naming = (input: string, value: string | undefined) => string | undefined;

/** Texts name inputs as a workflow's `with:` does. The command line sets another naming before it does anything else. */
let naming: Naming | undefined;

export function nameInputsBy(next: Naming | undefined): void {
  naming = next;
}

/** Trusted text, its inputs (`` `timeout` ``, `` the input `timeout` ``, `` `on-live: ignore` ``) named for the reader. */
export function withInputsNamed(text: string): string {
  const name = naming;
  if (name === undefined) return text;
  return text.replace(/(?:\b(t)he inputs? )?`([a-z-]+)(?:: ([^`]+))?`/gi, (whole, article, input, value) => {
    const named = name(input, value);
    if (named === undefined) return whole;
    return article === 'T' ? named.replace(/^[a-z]/, (first) => first.toUpperCase()) : named;
  });
}
