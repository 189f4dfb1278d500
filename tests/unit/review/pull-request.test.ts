import { describe, expect, test } from 'vitest';
import { ApiFailure } from '../../../src/github/checks-api.ts';
import { plain } from '../../../src/report/text.ts';
import { pathRuleOf } from '../../../src/review/paths.ts';
import { ReviewProblem } from '../../../src/review/problems.ts';
import type { PullRequestApi } from '../../../src/review/pull-request/api.ts';
import { keepComment, markerOf } from '../../../src/review/pull-request/comment.ts';
import { listFiles, MOST_READ } from '../../../src/review/pull-request/listing.ts';
import { type Ask, asker } from '../../../src/review/pull-request/requests.ts';
import { ALL_BYTES, FILE_BYTES, PARSING_MS, readVersions } from '../../../src/review/pull-request/versions.ts';
import type { Clock } from '../../../src/time.ts';
import {
  BASE,
  type Changes,
  type Entry,
  HEAD,
  MERGE_BASE,
  type PlayedPullRequest,
  playedApi,
  pullRequest,
  shaOf,
  type Tree,
} from '../../support/pull-request.ts';

/** A clock that counts what is waited for. A request that never answers is late at once. */
function countingClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  return {
    pauses,
    now: () => 0,
    pause: async (milliseconds) => void pauses.push(milliseconds),
    withTimeout: async (_, work) => {
      const late = new AbortController();
      const working = work(late.signal);
      setImmediate(() => late.abort());
      return working;
    },
  };
}

const never = new AbortController().signal;
const asking = (clock: Clock = countingClock(), cancelled = never, overdue = never): Ask =>
  asker({ clock, cancelled, overdue, context: { withoutSecrets: undefined } });

const rules = (...lines: readonly string[]) => lines.flatMap((line) => pathRuleOf(line) ?? []);

const list = (played: PlayedPullRequest, ...paths: readonly string[]) =>
  listFiles(playedApi(played), asking(), HEAD, rules(...paths));

async function read(changes: Changes, ...paths: readonly string[]) {
  const played = pullRequest(changes);
  const api = playedApi(played);
  const listing = await listFiles(api, asking(), HEAD, rules(...paths));
  const { files, count, problems } = await readVersions(api, asking(), listing, HEAD, () => 0);
  return {
    played,
    files,
    count,
    told: [...listing.problems, ...problems].map(({ explanation }) => plain(explanation)),
  };
}

const names = (count: number, ending = 'ts'): Tree =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`src/${String(at).padStart(4, '0')}.${ending}`, `${at}`]),
  );

describe('the changed files', () => {
  test('are sources in a language that is read, in the paths that are named', async () => {
    const after = { 'shop/a.ts': '1', 'shop/b.py': '1', 'shop/c.md': '1', 'crm/a.ts': '1', 'crm/gen/b.ts': '1' };
    const pull = pullRequest({ after });
    const pathsOf = async (...paths: readonly string[]) =>
      (await list(pull, ...paths)).files.map(({ newPath, application }) => [newPath, application]);
    expect(await pathsOf()).toEqual([
      ...['crm/a.ts', 'crm/gen/b.ts', 'shop/a.ts', 'shop/b.py'].map((path) => [path, undefined]),
    ]);
    expect(await pathsOf('shop/** = shop', './crm/**', '!crm/gen/**')).toEqual([
      ['crm/a.ts', undefined],
      ['shop/a.ts', 'shop'],
      ['shop/b.py', 'shop'],
    ]);
    // The last line that matches decides, and nothing but exclusions leaves the rest.
    expect(await pathsOf('!crm/**', 'crm/gen/**')).toEqual([['crm/gen/b.ts', undefined]]);
    expect(await pathsOf('!crm/**')).toEqual([
      ['shop/a.ts', undefined],
      ['shop/b.py', undefined],
    ]);
    const { unmatched } = await list(pull, 'shop/**', 'shpo/** = shop');
    expect(unmatched).toEqual(['shpo/** = shop']);
  });

  test('in another language of DBOS are said, where they are in the paths that are named', async () => {
    const pull = pullRequest({ after: { 'shop/a.go': '1', 'shop/B.java': '1', 'shop/c.go': '1', 'shop/d.md': '1' } });
    const said = async (...paths: readonly string[]) => (await list(pull, ...paths)).limits.map(plain);
    expect(await said()).toEqual([
      'Files in languages that a review does not read (Go, Java): 3. Their workflows were not reviewed.',
    ]);
    expect(await said('crm/**')).toEqual([]);
  });

  test.each(['', '!', 'a = ', '!a = b', ' = shop'])('cannot be named by %j', (line) => {
    expect(pathRuleOf(line)).toBeUndefined();
  });

  test('have an old path, a new one, or both', async () => {
    const { files } = await list(
      pullRequest({
        before: { 'gone.ts': 'g', 'old.ts': 'r', 'code.ts': 'c', 'text.txt': 't', 'same.ts': 's', 'edited.ts': '1' },
        after: { 'new.ts': 'r', 'code.txt': 'c', 'text.ts': 't', 'same.ts': 's', 'added.ts': 'a', 'edited.ts': '2' },
        renamed: { 'new.ts': 'old.ts', 'code.txt': 'code.ts', 'text.ts': 'text.txt' },
      }),
    );
    expect(files.map(({ oldPath, newPath }) => [oldPath, newPath])).toEqual([
      [undefined, 'added.ts'],
      ['code.ts', undefined],
      ['edited.ts', 'edited.ts'],
      ['gone.ts', undefined],
      ['old.ts', 'new.ts'],
      [undefined, 'text.ts'],
    ]);
  });

  test('that move to another application are gone from the old one', async () => {
    const moves = {
      before: { 'shop/a.ts': 'a', 'shop/b.ts': 'b' },
      after: { 'crm/a.ts': 'a', 'shop/c.ts': 'b' },
      renamed: { 'crm/a.ts': 'shop/a.ts', 'shop/c.ts': 'shop/b.ts' },
    };
    const { files, count } = await read(moves, 'shop/** = shop', 'crm/** = crm');
    expect(files.map(({ path, oldText, text, application }) => [path, oldText, text, application])).toEqual([
      ['shop/a.ts', 'a', undefined, 'shop'],
      ['crm/a.ts', undefined, 'a', 'crm'],
      ['shop/c.ts', 'b', 'b', 'shop'],
    ]);
    expect(count).toBe(2);
  });

  test('that are copies are new', async () => {
    const pull = pullRequest({ before: { 'a.ts': 'x' }, after: { 'a.ts': 'x', 'b.ts': 'y' } });
    const files = pull.files.map((file) => ({ ...file, status: 'copied' as const, previousPath: 'a.ts' }));
    const listed = await list({ ...pull, files });
    expect(listed.files.map(({ oldPath, newPath }) => [oldPath, newPath])).toEqual([[undefined, 'b.ts']]);
  });

  test('come page by page, and the numbers say what is left out', async () => {
    const pull = pullRequest({ after: { ...names(250), ...names(251, 'md') } });
    const { files, problems } = await list(pull);
    expect([files.length, problems]).toEqual([250, []]);
    expect(pull.asked.filter((each) => each.startsWith('files'))).toEqual(
      [1, 2, 3, 4, 5, 6].map((page) => `files ${page}`),
    );
    const full = pullRequest({ after: names(200) });
    await list(full);
    expect(full.asked.filter((each) => each.startsWith('files'))).toEqual(['files 1', 'files 2', 'files 3']);

    const huge = await list(pullRequest({ after: { ...names(MOST_READ + 7), ...names(3001 - MOST_READ, 'md') } }));
    expect(huge.files.length).toBe(MOST_READ);
    expect(
      huge.problems.map(({ explanation, isIncomplete }) => [plain(explanation).slice(0, 40), isIncomplete]),
    ).toEqual([
      ['Changed files were not reviewed: 8. GitH', true],
      [expect.stringMatching(/^Changed files were not reviewed: \d/), true],
    ]);
  });

  test('of a newer head than the run’s are not those that the run is about', async () => {
    const pull = pullRequest({ after: names(1) });
    pull.headSha = 'd'.repeat(40);
    await expect(list(pull)).rejects.toMatchObject({ id: 'review-moved-on', isIncomplete: true });

    const pushed = pullRequest({ after: names(1) });
    const api = playedApi(pushed);
    const listing: PullRequestApi = {
      ...api,
      files: async (...request) => {
        pushed.headSha = 'd'.repeat(40);
        return api.files(...request);
      },
    };
    await expect(listFiles(listing, asking(), HEAD, [])).rejects.toMatchObject({ id: 'review-moved-on' });
  });
});

describe('the versions of a file', () => {
  test('are those of the merge base and of the head, whatever the base branch has changed', async () => {
    const { played, files } = await read({
      before: { 'src/a.ts': 'old' },
      after: { 'src/a.ts': 'new' },
      base: { 'src/a.ts': 'meanwhile' },
    });
    expect(files.map(({ path, oldPath, oldText, text }) => [path, oldPath, oldText, text])).toEqual([
      ['src/a.ts', 'src/a.ts', 'old', 'new'],
    ]);
    expect(played.asked).toEqual([
      'files 1',
      'pull',
      `compare ${BASE} ${HEAD}`,
      `content src/a.ts ${MERGE_BASE}`,
      `content src/a.ts ${HEAD}`,
    ]);
  });

  test('are not those of the base, where GitHub finds no common commit', async () => {
    const played = pullRequest({ before: { 'a.ts': 'old' }, after: { 'a.ts': 'new' } });
    const mergeBase: PullRequestApi['mergeBase'] = async () => {
      throw new ApiFailure(404, `No common ancestor between ${BASE} and ${HEAD}.`, undefined);
    };
    const listing = listFiles({ ...playedApi(played), mergeBase }, asking(), HEAD, []);
    await expect(listing).rejects.toMatchObject({ id: 'review-no-merge-base', isIncomplete: true });
    expect(played.asked.filter((each) => each.startsWith('content'))).toEqual([]);
  });

  test('are not compared with themselves, where the base has the head already', async () => {
    const api = { ...playedApi(pullRequest({ after: { 'a.ts': 'x' } })), mergeBase: async () => HEAD };
    await expect(listFiles(api, asking(), HEAD, [])).rejects.toMatchObject({
      ...{ id: 'review-already-merged', isIncomplete: true },
    });
    const empty = { ...playedApi(pullRequest({})), mergeBase: async () => HEAD };
    expect((await listFiles(empty, asking(), HEAD, [])).files).toEqual([]);
  });

  test('are one where it is new or gone, and have two paths where it was renamed', async () => {
    const { files } = await read({
      before: { 'gone.py': 'g', 'old.ts': 'r' },
      after: { 'new.ts': 'r2', 'added.ts': 'a' },
      renamed: { 'new.ts': 'old.ts' },
    });
    expect(files.map(({ path, oldPath, oldText, text }) => [path, oldPath, oldText, text])).toEqual([
      ['added.ts', 'added.ts', undefined, 'a'],
      ['gone.py', 'gone.py', 'g', undefined],
      ['new.ts', 'old.ts', 'r', 'r2'],
    ]);
    expect(files.map(({ before, after }) => [before?.language, after?.language])).toEqual([
      [undefined, 'javascript'],
      ['python', undefined],
      ['javascript', 'javascript'],
    ]);
  });

  test('above a megabyte are blobs', async () => {
    const large = `// ${'x'.repeat(1024 * 1024)}\n`;
    const { played, files } = await read({ after: { 'a.ts': large } });
    expect(files[0]?.text).toBe(large);
    expect(played.asked.at(-1)).toBe(`blob ${shaOf(large)}`);
  });

  const unread: readonly [string, Changes, string][] = [
    ['too large', { after: { 'a.ts': 'x'.repeat(FILE_BYTES + 1) } }, 'it is larger than 2 MiB'],
    ['binary', { after: { 'a.ts': Buffer.from([65, 0, 66]) } }, 'it is binary'],
    ['in another encoding', { after: { 'a.py': Buffer.from([0x63, 0xe9]) } }, 'it is no UTF-8 text'],
    ['a symlink to nothing here', { after: { 'a.ts': { kind: 'symlink', to: '../b' } } }, 'it is a symlink'],
    ['a symlink to a file', { after: { 'a.ts': { kind: 'symlink', to: 'b.md' }, 'b.md': 'x' } }, 'it is a symlink'],
    ['a submodule', { after: { 'a.ts': { kind: 'submodule' } } }, 'it is a submodule'],
  ];

  const link: Entry = { kind: 'symlink', to: 'b.md' };
  const text = 'export const a = 1;\n';

  test.each<[string, Changes]>([
    ['was one', { before: { 'a.ts': link, 'b.md': text }, after: { 'a.ts': text, 'b.md': text } }],
    ['was one, to a large file', { before: { 'a.ts': link, 'b.md': text.repeat(60_000) }, after: { 'a.ts': text } }],
    ['is one now', { before: { 'a.ts': text, 'b.md': text }, after: { 'a.ts': link, 'b.md': text } }],
    ['was one and is gone', { before: { 'a.ts': link, 'b.md': text }, after: { 'b.md': text } }],
  ])('that are a symlink on one side only are not read: it %s', async (_, changes) => {
    const { files, told } = await read(changes);
    expect(files).toEqual([]);
    expect(told[0]).toContain('"a.ts" (it is a symlink)');
  });

  test('are not read where the listing names another blob than the commit', async () => {
    const played = pullRequest({ after: { 'a.ts': 'x' } });
    const files = played.files.map((file) => ({ ...file, sha: shaOf('../b') }));
    const api = playedApi(played);
    const read = await readVersions(api, asking(), await list({ ...played, files }), HEAD, () => 0);
    expect([read.files, read.problems.map(({ id }) => id)]).toEqual([[], ['review-files-unread']]);
  });

  test.each(unread)('that are %s are not read, and the review says so', async (_, changes, why) => {
    const { files, told } = await read({ ...changes, after: { ...changes.after, 'z.ts': 'read' } });
    expect(files.map(({ path }) => path)).toEqual(['z.ts']);
    expect(told).toEqual([
      `Changed files could not be read: "${Object.keys(changes.after ?? {})[0]}" (${why}). Exclude files without workflows in \`paths\`.`,
    ]);
  });

  test('that GitHub does not find are not read, and many are named shortly', async () => {
    const played = pullRequest({ after: names(8) });
    played.trees.set(HEAD, {});
    const api = playedApi(played);
    const { files, problems } = await readVersions(api, asking(), await list(played), HEAD, () => 0);
    expect(files).toEqual([]);
    expect(plain(problems[0]?.explanation ?? [])).toMatch(/"src\/0004\.ts" \(GitHub does not find it\) and 3 more\./);
  });

  test('that are too much together are not read from there on', async () => {
    const before = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`${at}.ts`, `${at}${'x'.repeat(FILE_BYTES - 1)}`]),
    );
    const { files, told } = await read({ before });
    expect(files.length).toBe(ALL_BYTES / FILE_BYTES);
    expect(told[0]).toContain('(all files together are larger than 16 MiB)');
  });

  test('that are cut by the parser are read as far as they go, and the review says so', async () => {
    const { files, told } = await read({
      after: { 'deep.ts': `${'['.repeat(5000)}`, 'deep.py': `${'['.repeat(5000)}` },
    });
    expect(files.map(({ path }) => path)).toEqual(['deep.py', 'deep.ts']);
    expect(told[0]).toContain('"deep.py" (only a part: it is too long or too deep to parse), "deep.ts" (only a part');
  });

  test('that come after a minute of parsing are not read', async () => {
    const played = pullRequest({ after: names(9) });
    const api = playedApi(played);
    let at = 0;
    const { files, problems } = await readVersions(
      api,
      asking(),
      await list(played),
      HEAD,
      () => (at += PARSING_MS / 4),
    );
    // Each file takes a quarter of a minute: with the fifth, it is more.
    expect(files.length).toBe(5);
    expect(plain(problems[0]?.explanation ?? [])).toContain('(the files before it took more than a minute)');
  });

  test('are asked for six at a time', async () => {
    const played = pullRequest({ after: names(40) });
    const api = playedApi(played);
    let [now, most] = [0, 0];
    const slow: PullRequestApi = {
      ...api,
      content: async (...request) => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
        return api.content(...request);
      },
    };
    const { files } = await readVersions(
      slow,
      asking({ ...countingClock(), withTimeout: (_, work) => work(never) }),
      await list(played),
      HEAD,
      () => 0,
    );
    expect([files.length, most]).toEqual([40, 6]);
    expect(files.map(({ path }) => path)).toEqual(Object.keys(names(40)));
  });

  test('end with the first refusal', async () => {
    const played = pullRequest({ after: names(40) });
    let asked = 0;
    const api: PullRequestApi = {
      ...playedApi(played),
      content: async (...request) => {
        if (asked++ === 3) throw new ApiFailure(403, 'Resource not accessible by integration', undefined);
        return playedApi(played).content(...request);
      },
    };
    const listing = await list(played);
    await expect(readVersions(api, asking(), listing, HEAD, () => 0)).rejects.toMatchObject({ id: 'review-forbidden' });
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(asked).toBeLessThan(20);
  });
});

describe('a request', () => {
  const failing = (...failures: readonly unknown[]) => {
    const left = [...failures];
    return async () => {
      if (left.length > 0) throw left.shift();
      return 'answer';
    };
  };
  const down = new ApiFailure(502, 'Bad Gateway', undefined);
  const limited = (ms: number) => new ApiFailure(403, 'secondary rate limit', ms);

  test('is made again where that can help, twice', async () => {
    const clock = countingClock();
    expect(await asking(clock)('contents: read', failing(down, new TypeError('fetch failed')))).toBe('answer');
    await expect(asking(clock)('contents: read', failing(down, down, down))).rejects.toMatchObject({
      id: 'review-server-error',
    });
    expect(clock.pauses).toEqual([500, 500, 500, 500]);
  });

  test('that a failing server wants later says so, and waits as long', async () => {
    const clock = countingClock();
    const busy = new ApiFailure(503, 'Service Unavailable', 2000);
    await expect(asking(clock)('contents: read', failing(busy, busy, busy))).rejects.toMatchObject({
      id: 'review-server-error',
    });
    expect(clock.pauses).toEqual([2000, 2000]);
  });

  test('waits for a limit of a minute, and for no longer one', async () => {
    const clock = countingClock();
    expect(await asking(clock)('contents: read', failing(limited(60_000)))).toBe('answer');
    await expect(asking(clock)('contents: read', failing(limited(61_000)))).rejects.toMatchObject({
      id: 'review-limited',
    });
    expect(clock.pauses).toEqual([60_000]);
  });

  test.each([
    [401, 'review-token-refused'],
    [403, 'review-forbidden'],
    [404, 'review-not-found'],
    [422, 'review-refused'],
  ])('that is refused with %i is not made again', async (status, id) => {
    const clock = countingClock();
    const request = failing(new ApiFailure(status, 'No.', undefined));
    await expect(asking(clock)('pull-requests: read', request)).rejects.toMatchObject({ id, isIncomplete: true });
    expect(clock.pauses).toEqual([]);
  });

  test('that nobody answers is given up', async () => {
    const silent = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await expect(asking()('contents: read', silent)).rejects.toMatchObject({ id: 'review-unanswered' });
  });

  test('names the permission that it needs', async () => {
    for (const permission of ['contents: read', 'pull-requests: read', 'pull-requests: write'] as const) {
      for (const status of [403, 404]) {
        const error = await asking()(permission, failing(new ApiFailure(status, 'No.', undefined))).catch(
          (each) => each,
        );
        expect(error).toBeInstanceOf(ReviewProblem);
        expect(plain(error.explanation)).toContain(`Give the job \`permissions:\` with \`${permission}\`.`);
        expect(error.isIncomplete).toBe(permission !== 'pull-requests: write');
      }
    }
  });

  test('ends with the job, and with the time for all of them', async () => {
    const ended = AbortSignal.abort();
    await expect(asking(countingClock(), ended)('contents: read', failing(down))).rejects.toMatchObject({
      id: 'review-cancelled',
    });
    const clock = countingClock();
    await expect(asking(clock, never, ended)('contents: read', failing(down))).rejects.toMatchObject({
      id: 'review-server-error',
    });
    expect(clock.pauses).toEqual([]);
  });
});

describe('the comment', () => {
  const marker = markerOf({ application: undefined, paths: [], inventory: 'inventory.json' });
  const kept = { marker, headSha: HEAD };
  const keep = async (played: PlayedPullRequest, text: string | undefined) => {
    await keepComment(playedApi(played), asking(), kept, text);
    return played.comments.map(({ body }) => body);
  };

  test('is written once, edited in place, and deleted when nothing is left to say', async () => {
    const pull = pullRequest({});
    expect(await keep(pull, undefined)).toEqual([]);
    expect(await keep(pull, 'one')).toEqual([`${marker}\none`]);
    expect(await keep(pull, 'two')).toEqual([`${marker}\ntwo`]);
    pull.asked.splice(0);
    await keep(pull, 'two');
    expect(pull.asked).toEqual(['comments 1']);
    expect(await keep(pull, undefined)).toEqual([]);
  });

  test('is no comment of others, even with its marker', async () => {
    const pull = pullRequest({});
    const others = [
      { id: 1, body: `${marker}\nof a person`, author: { login: 'octocat', isBot: false } },
      { id: 2, body: `${marker}\nof another bot`, author: { login: 'other[bot]', isBot: true } },
      {
        id: 3,
        body: `${marker}\nof a person with a bold name`,
        author: { login: 'github-actions[bot]', isBot: false },
      },
      { id: 4, body: `${marker}\nof nobody`, author: undefined },
      { id: 5, body: `> ${marker}\nquoted`, author: { login: 'github-actions[bot]', isBot: true } },
    ];
    pull.comments.push(...others);
    await keep(pull, 'ours');
    await keep(pull, 'ours, edited');
    expect(pull.comments.slice(0, 5)).toEqual(others);
    expect(pull.comments.slice(5).map(({ body }) => body)).toEqual([`${marker}\nours, edited`]);
    await keep(pull, undefined);
    expect(pull.comments).toEqual(others);
  });

  test('is found behind hundreds of others, and is one again after two runs at once', async () => {
    const pull = pullRequest({});
    const by = { login: 'github-actions[bot]', isBot: true };
    pull.comments.push(...Array.from({ length: 230 }, (_, id) => ({ id, body: 'x', author: by })));
    pull.comments.push({ id: 1001, body: `${marker}\na`, author: by }, { id: 1002, body: `${marker}\nb`, author: by });
    await keep(pull, 'c');
    expect(pull.comments.slice(230)).toEqual([{ id: 1001, body: `${marker}\nc`, author: by }]);
  });

  test('is not written twice where the answer to the first is lost', async () => {
    const pull = pullRequest({});
    const api = playedApi(pull);
    let isLost = false;
    const losing: PullRequestApi = {
      ...api,
      createComment: async (...request) => {
        const created = await api.createComment(...request);
        if (isLost) return created;
        isLost = true;
        throw new ApiFailure(502, 'Bad Gateway', undefined);
      },
    };
    await keepComment(losing, asking(), kept, 'once');
    expect(pull.comments.map(({ body }) => body)).toEqual([`${marker}\nonce`]);
  });

  test('is kept where another run deletes the same double, or the answer to a deletion is lost', async () => {
    const pull = pullRequest({});
    const by = { login: 'github-actions[bot]', isBot: true };
    pull.comments.push({ id: 1, body: `${marker}\na`, author: by }, { id: 2, body: `${marker}\nb`, author: by });
    const api = playedApi(pull);
    const racing: PullRequestApi = {
      ...api,
      deleteComment: async (id, signal) => {
        if (!pull.comments.some((comment) => comment.id === id)) throw new ApiFailure(404, 'Not Found', undefined);
        await api.deleteComment(id, signal);
        throw new ApiFailure(id === 1 ? 502 : 404, 'Lost', undefined);
      },
    };
    await keepComment(racing, asking(), kept, 'c');
    expect(pull.comments.map(({ body }) => body)).toEqual([`${marker}\nc`]);
    await keepComment(racing, asking(), kept, undefined);
    expect(pull.comments).toEqual([]);
  });

  describe('of a run whose pull request has a newer head', () => {
    const by = { login: 'github-actions[bot]', isBot: true };
    const newer = { id: 1, body: `${marker}\nof the newer run`, author: by };
    const outdated = expect.stringContaining('This review was of an older commit.');

    /** Keeps a comment while somebody pushes, and the newer run does this. It is left to that run. */
    async function overtaken(pull: PlayedPullRequest, text: string | undefined, changes: Partial<PullRequestApi>) {
      const keeping = keepComment({ ...playedApi(pull), ...changes }, asking(), kept, text);
      await expect(keeping).rejects.toMatchObject({ id: 'review-comment-left', isIncomplete: false });
      return pull.comments.map(({ body }) => body);
    }
    const older = () => {
      const pull = pullRequest({});
      pull.comments.push({ ...newer, body: `${marker}\nof an earlier run` });
      return pull;
    };
    const push = (pull: PlayedPullRequest, ...comments: PlayedPullRequest['comments']) => {
      pull.headSha = 'd'.repeat(40);
      pull.comments.splice(0, pull.comments.length, ...comments);
    };

    test.each(['text', undefined])('is not written any more: %j', async (text) => {
      const pull = older();
      push(pull, newer);
      expect(await overtaken(pull, text, {})).toEqual([newer.body]);
      expect(pull.asked).toEqual(['comments 1', 'pull']);
    });

    test('is not written again after a request that failed', async () => {
      const pull = older();
      const updateComment: PullRequestApi['updateComment'] = async () => {
        push(pull, newer);
        throw new ApiFailure(502, 'Bad Gateway', undefined);
      };
      expect(await overtaken(pull, 'text', { updateComment })).toEqual([newer.body]);
    });

    test.each<[string, string | undefined, boolean]>([
      ['an edit', 'text', true],
      ['a new comment', 'text', false],
      ['a deletion', undefined, true],
    ])('says so where %s came between the newer run and its answer', async (_, text, isThere) => {
      const pull = isThere ? older() : pullRequest({});
      const api = playedApi(pull);
      const pushOnce = () => pull.headSha === HEAD && push(pull, ...(isThere ? [newer] : []));
      const late: Partial<PullRequestApi> = {
        updateComment: async (...request) => {
          pushOnce();
          await api.updateComment(...request);
        },
        createComment: async (...request) => {
          pushOnce();
          return api.createComment(...request);
        },
        deleteComment: async (...request) => {
          pushOnce();
          await api.deleteComment(...request);
        },
      };
      expect(await overtaken(pull, text, late)).toEqual([outdated]);
    });

    test('stays where the newer run has written since', async () => {
      const pull = older();
      const updateComment: PullRequestApi['updateComment'] = async () => push(pull, newer);
      expect(await overtaken(pull, 'text', { updateComment })).toEqual([newer.body]);
    });
  });

  test('is deleted at once where the token is another’s: no later run would find it', async () => {
    const pull = pullRequest({});
    pull.login = 'my-app[bot]';
    await expect(keep(pull, 'text')).rejects.toMatchObject({ id: 'review-comment-of-another', isIncomplete: false });
    expect(pull.comments).toEqual([]);
  });

  test('is another one for other paths, applications and inventories', () => {
    const given = { application: undefined, paths: [], inventory: undefined };
    const markers = [
      given,
      { ...given, application: 'shop' },
      { ...given, inventory: 'shop' },
      { ...given, paths: rules('shop/**') },
    ].map(markerOf);
    expect(new Set(markers).size).toBe(4);
  });
});
