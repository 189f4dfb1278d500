import { describe, expect, test } from 'vitest';
import { msg, trusted } from '../../../src/message.ts';
import type { Finding } from '../../../src/review/judge/finding.ts';
import { filesUnread, noInventory, oldInventory } from '../../../src/review/problems.ts';
import { linesOf } from '../../../src/review/publish-review.ts';
import { annotationsOf, FINDINGS_SHOWN } from '../../../src/review/report/annotations.ts';
import { COMMENT_BYTES, pageOf, SUMMARY_BYTES } from '../../../src/review/report/page.ts';
import { outputsOf, reportText } from '../../../src/review/report/schema.ts';
import { EMPTY_RUN, type ReviewRun } from '../../../src/review/run.ts';
import { expectInert, expectSameShape } from '../../support/hostile-log.ts';
import { skeletonIn } from '../../support/hostile-runs.ts';
import { ATTACKS } from '../../support/hostile-text.ts';
import { harmIn } from '../../support/inert.ts';
import { finding, harmless, logOf, reviewed, runWith } from '../../support/made-up-reviews.ts';

const context = { withoutSecrets: undefined };

describe('text of others', () => {
  const names = ATTACKS.filter((name) => name.trim() !== '');

  test('changes nothing of a page, and acts nowhere on it', () => {
    const some = ['</code><script>alert(1)</script>', '::error::evil', '```\n## evil\n```', '@octocat', '\u202eevil'];
    const page = pageOf(runWith(some), COMMENT_BYTES);
    expect(harmIn(page)).toEqual([]);
    expect(skeletonIn(page)).toBe(skeletonIn(pageOf(runWith(harmless(some.length)), COMMENT_BYTES)));
  });

  test('is no command in the log, and acts nowhere in it', () => {
    for (let at = 0; at < names.length; at += 10) {
      const some = names.slice(at, at + 10);
      expectInert(logOf(runWith(some)));
      // A path that cannot be a place, and lines of code, take lines of their own.
      const findings = some.map((name) => finding(name, { path: 'a.ts', message: msg`3 ${name} are in flight.` }));
      const plainly = harmless(some.length).map((name) => finding(name, { path: 'a.ts' }));
      expectSameShape(logOf(reviewed({ findings })), logOf(reviewed({ findings: plainly })));
    }
  });

  test('stands whole in outputs and report', () => {
    const run = runWith(names);
    const outputs = outputsOf(run, '/tmp/review.json');
    expect(JSON.parse(outputs['findings'] ?? '').map((each: { workflow: string }) => each.workflow)).toEqual(names);
    const report = JSON.parse(reportText(run));
    expect(report.findings.map(({ path }: Finding) => path)).toEqual(names.map((name) => `src/${name}.ts`));
  });
});

describe('an annotation', () => {
  test('stands at the workflow, and says as of when', () => {
    const [only] = annotationsOf(reviewed({ findings: [finding('checkOut', { probable: msg`Perhaps not.` })] }));
    expect(only).toEqual({
      level: 'error',
      title: 'A step is removed: checkOut',
      message: '3 "checkOut" are in flight. Perhaps not. In flight as of 2026-11-27 14:05 UTC.',
      place: { file: 'src/checkOut.ts', startLine: 12, endLine: 30 },
    });
  });

  test('is one of ten, the most severe first, and the page has the others', () => {
    const findings = harmless(33).map((name, at) => finding(name, { severity: at < 4 ? 'error' : 'notice' }));
    const annotations = annotationsOf(reviewed({ findings }));
    expect(annotations.length).toBe(FINDINGS_SHOWN);
    expect(annotations.map(({ level }) => level)).toEqual([...Array(4).fill('error'), ...Array(6).fill('notice')]);
    expect(linesText(reviewed({ findings }))).toContain('and 23 more');
    expect(pageOf(reviewed({ findings }), SUMMARY_BYTES)).toContain('name32');
  });

  test('stands at no line where its path cannot be written', () => {
    const [only] = annotationsOf(reviewed({ findings: [finding('x', { path: 'a\u202eb.ts' })] }));
    expect(only?.place).toBeUndefined();
    expect(only?.message).toMatch(/\n"a\\u\{202e\}b\.ts":12$/);
  });

  test('offers a patch as lines of code', () => {
    const suggestion = "if (await DBOS.patch('x')) {\n\tawait ship();\n}";
    const run = reviewed({ findings: [finding('a', { suggestion })] });
    expect(annotationsOf(run)[0]?.message).toMatch(
      /UTC\.\nThe same change behind a patch:\nif \(await DBOS\.patch\('x'\)\) \{\n {2}await ship\(\);\n\}$/,
    );
    expect(pageOf(run, SUMMARY_BYTES)).toContain(
      "\n\nThe same change behind a patch:\n\n```ts\nif (await DBOS.patch('x')) {\n  await ship();\n}\n```",
    );
  });

  test('is one for all that is wrong with the review itself, and an error where the step fails for it', () => {
    const problems = [oldInventory(90_000_000), noInventory('i.json', context)];
    const of = (failOn: ReviewRun['failOn']) => annotationsOf({ ...EMPTY_RUN, problems, failOn });
    expect(of('never').map(({ level, message }) => [level, message.split('\n').length])).toEqual([['warning', 4]]);
    expect(of('error').map(({ level }) => level)).toEqual(['error']);
    expect(of('never')[0]?.message).toMatch(/^This pull request was not reviewed\.\n/);
    expect(of('never')[0]?.message).toMatch(/\nMore: docs\/troubleshooting\.md#review-inventory-old$/);
    expect(pageOf({ ...EMPTY_RUN, problems, page: 'https://p' }, SUMMARY_BYTES)).toContain(
      '[Troubleshooting](https://p#review-no-inventory)',
    );
  });
});

const linesText = (run: ReviewRun) => linesOf(run).join('\n');

test('the log ends with the answer alone where there is no inventory', () => {
  const run = { ...EMPTY_RUN, problems: [noInventory(undefined, context)] };
  expect(linesOf(run)).toEqual(['This pull request was not reviewed.']);
});

describe('the page', () => {
  const heading = (run: ReviewRun) => pageOf(run, SUMMARY_BYTES).split('\n')[0];

  test.each([
    [
      'a merge queue',
      { ...EMPTY_RUN, isMergeQueue: true },
      '## ℹ️ Nothing was reviewed: a merge queue has pull requests that were reviewed before',
    ],
    [
      'no inventory',
      { ...EMPTY_RUN, problems: [noInventory(undefined, context)] },
      '## ⚠️ This pull request was not reviewed',
    ],
    ['no workflow', reviewed({}), '## ℹ️ No workflow changes in the files that were read'],
    [
      'no finding',
      reviewed({ changedWorkflows: [{ name: 'a', className: null }], inFlight: 2 }),
      '## ℹ️ No finding: 1 changed workflow, 2 in flight',
    ],
    [
      'a notice',
      reviewed({ findings: [finding('a', { severity: 'notice' })] }),
      '## ℹ️ 1 changed workflow cannot take over work in flight',
    ],
    ['errors', reviewed({ findings: [finding('a'), finding('b')] }), '## ⚠️ 2 changed workflows break work in flight'],
    [
      'an error that fails',
      reviewed({ findings: [finding('a')] }, { failOn: 'error' }),
      '## ❌ 1 changed workflow breaks work in flight',
    ],
    [
      'a gap',
      reviewed({}, { problems: [filesUnread([{ path: 'a', why: trusted('x') }])] }),
      '## ⚠️ No workflow changes in the files that were read, and some files were not reviewed',
    ],
    ['a failure', { ...EMPTY_RUN, failure: { kind: 'input', message: trusted('x') } }, '## ❌ The review failed'],
  ] as const)('of %s says so first', (_, run, said) => {
    expect(heading(run)).toBe(said);
  });

  test('says as of when, what was read, what is accepted, and how to accept', () => {
    const page = pageOf(
      reviewed(
        {
          findings: [finding()],
          accepted: [{ ...finding('other'), reason: 'a test' }],
          limits: [msg`Calls of ${'x'} were not followed.`],
        },
        { headSha: 'a'.repeat(40) },
      ),
      SUMMARY_BYTES,
    );
    expect(page).toContain('In flight as of 2026-11-27 14:05 UTC.');
    expect(page).toContain('The review is of commit <code>aaaaaaaaaaaa</code>.');
    expect(page).toContain('Source files read: 4 of 9 changed files.');
    expect(page).toContain(
      '### Accepted in the code\n\n- <code>other</code>: a step is removed. Accepted: <code>a test</code>',
    );
    expect(page).toContain('### What this review does not see\n\n- Calls of <code>x</code> were not followed.');
    expect(page).toContain('<code>drain-gate: accept REASON</code>');
    expect(page).not.toContain('WORKFLOW');
  });

  test('says how to accept that a workflow is deleted, which has no body any more', () => {
    const page = pageOf(reviewed({ findings: [finding('a', { kind: 'workflow-deleted' })] }), SUMMARY_BYTES);
    expect(page).toContain('<code>drain-gate: accept WORKFLOW REASON</code> in a changed source file.');
    expect(page).not.toContain('in the workflow.');
  });

  test('keeps its last line where it is cut', () => {
    const page = pageOf(reviewed({ findings: harmless(90).map((name) => finding(name.repeat(20))) }), 20_000);
    expect(Buffer.byteLength(page)).toBeLessThan(20_000);
    expect(page).toMatch(
      /_Shortened to fit GitHub’s size limit\. The report file has everything\._\n\n<sub>In flight as of/,
    );
    // Readers of a comment have no report file.
    const comment = pageOf(reviewed({ findings: harmless(90).map((name) => finding(name)) }), 9000, 'Elsewhere.');
    expect(comment).toMatch(/_Shortened to fit GitHub’s size limit\. Elsewhere\._\n\n<sub>In flight as of/);
  });
});

describe('the outputs', () => {
  test('are set for every review', () => {
    expect(outputsOf({ ...EMPTY_RUN, inventoryPath: 'i.json' }, '')).toEqual({
      ...{ findings: '[]', 'changed-workflows': '[]', 'in-flight': '', 'inventory-path': 'i.json', 'report-path': '' },
    });
    const run = reviewed({ changedWorkflows: [{ name: 'ship', className: 'Orders' }], inFlight: 4 });
    expect(outputsOf(run, '/r')).toMatchObject({ 'changed-workflows': '["Orders.ship"]', 'in-flight': '4' });
  });

  test('say how many entries they leave out', () => {
    const findings = harmless(5000).map((name) => finding(name));
    const { findings: list = '' } = outputsOf(reviewed({ findings }), '');
    const entries = JSON.parse(list);
    expect(Buffer.byteLength(list)).toBeLessThanOrEqual(200 * 1024);
    expect(entries.at(-1)).toEqual({ omitted: 5000 - (entries.length - 1) });
    const report = JSON.parse(reportText(reviewed({ findings })));
    expect([report.findings.length, report.omitted]).toEqual([1000, 4000]);
  });
});
