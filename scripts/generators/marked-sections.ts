/**
 * Returns the text with new content between `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
 *
 * @throws when a section's markers are not there exactly once
 */
export function withSections(text: string, sections: Readonly<Record<string, string>>): string {
  return Object.entries(sections).reduce((current, [name, content]) => {
    const opening = `<!-- generated: ${name} -->`;
    const closing = `<!-- end of ${name} -->`;
    const [before, inside, ...more] = current.split(opening);
    const [, after, ...moreAfter] = inside?.split(closing) ?? [];
    if (before === undefined || after === undefined || more.length > 0 || moreAfter.length > 0) {
      throw new Error(`The text must have ${opening} and ${closing} once, in this order.`);
    }
    return `${before}${opening}\n\n${content}\n\n${closing}${after}`;
  }, text);
}
