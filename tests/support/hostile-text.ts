import fc from 'fast-check';

/* Text as somebody would write it who wants to get into a log, a page or a program with it. */

const MEGABYTE = 1_000_000;

/** What Markdown, HTML, the runner or GitHub act on. A database can hold all of it. */
export const ATTACKS: readonly string[] = [
  // Commands of the runner, in both forms.
  '::error::evil',
  '  ::error file=a,line=1::evil',
  '\u0085::error::evil',
  '::add-mask::e',
  '::stop-commands::x',
  '::set-output name=verdict::drained',
  '::nonsense::##[error]evil',
  '##[error]evil',
  '###[group]evil',
  'a##[add-mask]e',
  '##[endgroup]',
  '%0A::error::evil',
  '%0D%0A##[error]evil',
  '\n::warning::evil',
  '\r\n::notice::evil\r\n',
  '\u2028::error::evil\u2029##[error]evil',
  'ghadelimiter_x\nverdict<<y\ndrained\ny',
  // What acts on a terminal or a reader.
  '\u001b[31mred\u001b[2J',
  '\u009b31mred\u0007\b\v\f\u007f',
  '\u202edeniard\u202c',
  '\u2067evil\u2069\u200f\u061c',
  'in\u200bvi\u200d\u2060sib\ufeffle\u00ad\u034f\u3164\u115f\u180e\ufe0f',
  '\ufff9evil\ufffa\ufffb\u0600',
  '\u{e0041}\u{e007f}\u{e0100}tags',
  'blank\u00a0\u2003\u3000blank',
  '\ufdd0\uffff\u{1ffff}\u0378\u{e1234}unassigned',
  '\ue000\u{f0000}private',
  '\u0338\u20dd\u0488first',
  `Z${'\u0336\u0354\u0318\u0489\u1ab0'.repeat(1000)}algo`,
  'e\u0301\u0302o\u0308',
  'שלום عربى देवनागरी ไทย 中文',
  '🚀 𝓿1 𐌰 👩‍👩‍👧',
  // Markdown.
  '```\n## evil\n```',
  '```',
  '~~~',
  '````sh',
  '`evil` ``evil``',
  '| evil | evil |',
  '\\| \\',
  '|---|',
  '**evil** __evil__ ~~evil~~ *a* _b_',
  '\n\n# evil\n\n- evil\n1. evil\n> evil\n***\n',
  'evil\n====\n\n    evil',
  '[x](http://evil.example)',
  '![x](http://evil.example/x.png)',
  '[x](y) ![x](y) [x]<y>',
  '[x]: http://evil.example\n\n[x]',
  '[^1] [^1]: evil',
  '[!CAUTION] - [x] done',
  '<http://evil.example> <a@evil.example>',
  // HTML.
  '</code></td></tr></table></details></sub>',
  '</code><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<a href="javascript:alert(1)">evil</a>',
  '<svg/onload=alert(1)><style>*{}</style><iframe>',
  '<!--',
  '--> ]]> ?> <![CDATA[ <?php <!X>',
  '&lt;b&gt; &#x0A; &#10; &amp;lt; &NewLine;',
  '" onmouseover="evil',
  // What GitHub links, notifies, or draws.
  'http://evil.example',
  'HTTPS://evil.example:80/?a=b#c',
  'ftp://evil.example mailto:a@evil.example xmpp:a@evil.example/b',
  'www.evil.example',
  'WwW.evil.example/a',
  'a@evil.example',
  '@octocat',
  'x @github/team',
  '#1',
  'GH-1',
  'octocat/evil#1',
  'octocat/evil@0123456789abcdef0123456789abcdef01234567',
  'deadbeef0123456789abcdef0123456789abcdef',
  '$math$ $`math`$ $$\nmath\n$$',
  ':emoji: :tada:',
  // Shells, SQL and quotes.
  "'; DROP TABLE x; --",
  '$(evil) `evil` $evil ; evil & evil',
  '--force',
  '"\\"',
  "'\\''",
  'E\\',
  '=HYPERLINK("http://evil.example")',
  // Names of JavaScript's own.
  '__proto__',
  'constructor',
  ' ',
  '-',
];

/** What no database can hold, but an input or a JSON file can. */
const BROKEN = ['\ud800', 'a\udfff', '\udc00\ud800', '\ud83d'];

/** A megabyte of each kind of text that grows when it is made harmless, or could slow a parser down. */
export const MEGABYTES: readonly string[] = [
  'x',
  '&',
  '`',
  '<b>\n',
  '##[',
  'http://',
  'a@b.c ',
  '\u0336',
  '\u202e',
  '🚀',
  '\ud800',
  '"\\',
].map((text) => text.repeat(MEGABYTE / text.length));

/** Hostile text: an attack, several in one, or characters of any kind. */
export const hostileText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ATTACKS, ...BROKEN) },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...ATTACKS, ...BROKEN), fc.string({ unit: 'binary', maxLength: 3 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.join('')),
  },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.constantFrom(...'`~|\\[]()<>&;#@!*_:/.-=+$%\'" \n\r\twhtps1a') }),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

/**
 * So many hostile names, the attacks as they are or anything: none is empty, and none resembles another so much
 * that the gate would say so.
 */
export function hostileNames(count: number): fc.Arbitrary<readonly string[]> {
  const attacks = fc.nat(ATTACKS.length - 1).map((first) => [...ATTACKS, ...ATTACKS].slice(first, first + count));
  const anything = fc.uniqueArray(
    hostileText.filter((text) => text !== ''),
    {
      minLength: count,
      maxLength: count,
      size: 'max',
      selector: (text) => text.replace(/\s/g, '').toLowerCase(),
    },
  );
  return fc.oneof(attacks, anything);
}
