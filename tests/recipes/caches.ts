/**
 * What stands in for `actions/cache`, as lines of bash. They keep GitHub's rules, as far as a file is concerned: a cache is
 * found by its key and its path, and never overwritten. Of several with the beginning of a restore key, the newest counts.
 */
export const CACHES: Readonly<Record<string, readonly string[]>> = {
  'actions/cache/save': [
    'place="$CACHES/$(printf %s "$FILES" | sha256sum | cut -c 1-16)"',
    'mkdir -p "$place"',
    'if [ ! -e "$FILES" ]; then echo "::warning::There is nothing to save at $FILES."',
    'elif [ -e "$place/$KEY" ]; then echo "::warning::There is a cache with the key $KEY."',
    'else cp "$FILES" "$place/$KEY"; fi',
  ],
  'actions/cache/restore': [
    'place="$CACHES/$(printf %s "$FILES" | sha256sum | cut -c 1-16)"',
    'for key in $KEY $RESTORE_KEYS; do',
    '  found=$(ls -t "$place" 2>/dev/null | grep -m 1 "^$key" || true)',
    '  if [ -n "$found" ]; then cp "$place/$found" "$FILES"; echo "Restored $found."; exit 0; fi',
    'done',
    'echo "No cache is found."',
  ],
};
