import { extname } from 'node:path';
import { joined, number } from '../../message.ts';
import { helpLink } from '../../report/help.ts';
import { blocks, code, codeBlock, markdown, more, quoteBlock } from '../../report/markdown.ts';
import type { AcceptedFinding, Finding } from '../judge/finding.ts';
import { conclusionOf, type ReviewRun } from '../run.ts';
import { asOf, headlineOf, nameOf, SUGGESTED, sentencesOf, TITLES } from './words.ts';

/* The page of a review in GitHub-flavoured Markdown: the job summary, and the comment on the pull request. */

/** GitHub drops a step's summary above 1 MiB. The margin is for what else the step writes. */
export const SUMMARY_BYTES = 1024 * 1024 - 64 * 1024;
/** A comment has 65,536 characters at most. Bytes are no fewer. */
export const COMMENT_BYTES = 65_000;

const FINDINGS_SHOWN = 100;
const LISTED = 20;
const SUGGESTION_CHARACTERS = 4000;
const COMMIT_CHARACTERS = 12;

/** @param rest Where readers of this page find what does not fit. */
export function pageOf(run: ReviewRun, maximum: number, rest = 'The report file has everything.'): string {
  const { review, problems, failure } = run;
  const findings = review?.findings ?? [];
  return fitted(
    [
      `## ${iconOf(run)} ${markdown(headlineOf(run))}`,
      failure === undefined ? '' : `${quoteBlock(failure.message)} ${helpLink(run.page, failure.kind)}`,
      ...problems.map(({ explanation, id }) => `${quoteBlock(explanation)} ${helpLink(run.page, id)}`),
      ...findings.slice(0, FINDINGS_SHOWN).map(findingBlock),
      more(findings.length - FINDINGS_SHOWN, 'finding'),
      list('### What this review does not see', review?.limits ?? [], markdown),
      list('### Accepted in the code', review?.accepted ?? [], acceptedLine),
      footer(run),
    ].filter((block) => block !== ''),
    maximum,
    `_Shortened to fit GitHub’s size limit. ${rest}_`,
  );
}

function iconOf(run: ReviewRun): string {
  const { review, problems } = run;
  if (conclusionOf(run) === 'fail') return '❌';
  const isIncomplete = problems.some((problem) => problem.isIncomplete);
  if (isIncomplete || review?.findings.some(({ severity }) => severity === 'error')) return '⚠️';
  return 'ℹ️';
}

function findingBlock(finding: Finding): string {
  const { severity, kind, workflow, path, line, suggestion } = finding;
  const icon = severity === 'error' ? '❌' : 'ℹ️';
  return blocks(
    `${icon} **${TITLES[kind]}** in ${code(nameOf(workflow))}, ${code(`${path}:${line}`)}`,
    quoteBlock(sentencesOf(finding)),
    suggestion === undefined ? '' : blocks(SUGGESTED, codeBlock(languageOf(path), linesOf(suggestion))),
  );
}

function linesOf(suggestion: string): readonly string[] {
  return suggestion
    .slice(0, SUGGESTION_CHARACTERS)
    .split(/\r?\n/)
    .map((line) => line.replaceAll('\t', '  '));
}

function languageOf(path: string): 'python' | 'ts' {
  return extname(path) === '.py' ? 'python' : 'ts';
}

function acceptedLine({ workflow, reason, kind }: AcceptedFinding): string {
  return `${code(nameOf(workflow))}: ${TITLES[kind].toLowerCase()}. Accepted: ${code(reason)}`;
}

function list<Item>(title: string, items: readonly Item[], lineOf: (item: Item) => string): string {
  if (items.length === 0) return '';
  const lines = items.slice(0, LISTED).map((item) => `- ${lineOf(item)}`);
  return blocks(title, lines.join('\n'), more(items.length - LISTED, 'line'));
}

function footer(run: ReviewRun): string {
  const { files, review, headSha } = run;
  const read =
    files === undefined ? '' : `Source files read: ${number(files.read)} of ${number(files.changed)} changed files.`;
  // A comment can outlive the commit that it is about.
  const commit = headSha === undefined ? '' : `The review is of commit ${code(headSha.slice(0, COMMIT_CHARACTERS))}.`;
  const parts = [markdown(joined([asOf(run)])), commit, read, ...howToAccept(review?.findings ?? [])].filter(
    (part) => part !== '',
  );
  return parts.length === 0 ? '' : `<sub>${parts.join(' ')}</sub>`;
}

function howToAccept(findings: readonly Finding[]): readonly string[] {
  const isDeleted = ({ kind }: Finding) => kind === 'workflow-deleted';
  const isThere = (finding: Finding) => !isDeleted(finding);
  return [
    findings.some(isThere)
      ? 'To accept a finding, write a comment <code>drain-gate: accept REASON</code> in the workflow.'
      : '',
    findings.some(isDeleted)
      ? 'To accept that a workflow is deleted, write a comment <code>drain-gate: accept WORKFLOW REASON</code> in a changed source file.'
      : '',
  ];
}

/** Blocks in their order, as many as fit, and a notice where the last ones are omitted. The footer always fits. */
function fitted(all: readonly string[], maximum: number, notice: string): string {
  const last = all.at(-1) ?? '';
  let bytes = Buffer.byteLength(`${notice}${last}`) + 6;
  const kept: string[] = [];
  for (const block of all.slice(0, -1)) {
    bytes += Buffer.byteLength(block) + 2;
    if (bytes > maximum) return `${[...kept, notice, last].join('\n\n')}\n`;
    kept.push(block);
  }
  return `${[...kept, last].join('\n\n')}\n`;
}
