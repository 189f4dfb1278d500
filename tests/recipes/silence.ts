/** What a shell text would not notice when it goes wrong, one line a problem. Bash's -e does not end these. */
export function silentFailures(shell: string): readonly string[] {
  const text = shell.replaceAll(/'[^']*'/g, "''");
  return [
    ...(/^\s*(for \w+ in|if|until|while|echo|printf)\b[^\n]*\$\((?!\(|seq )/m.test(text)
      ? ['a failure of the command in $(…) is lost. Assign it to a variable first.']
      : []),
    ...(/\blive=\$\(/.test(text) && !/\$\{live:\?|test -n "\$live"/.test(text)
      ? ['an empty live version protects nothing. Check it in the next line, with :? in its expansion.']
      : []),
  ];
}
