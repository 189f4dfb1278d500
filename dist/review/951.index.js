export const id = 951;
export const ids = [951];
export const modules = {

/***/ 6951:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  pullRequestApi: () => (/* binding */ pullRequestApi)
});

// EXTERNAL MODULE: ./lib/github/pages.js
var pages = __webpack_require__(9983);
// EXTERNAL MODULE: ./node_modules/@actions/github/lib/utils.js + 21 modules
var utils = __webpack_require__(1845);
// EXTERNAL MODULE: ./lib/github/checks-api.js
var checks_api = __webpack_require__(1379);
;// CONCATENATED MODULE: ./lib/github/rest.js


/* The HTTP client, and what its errors mean. It is loaded only where GitHub's API is asked for something. */
/** Without `retry-after`, GitHub asks to wait for a minute at least (*Rate limits for the REST API*). */
const SHORTEST_LIMIT_MS = 60_000;
const silent = { debug: () => { }, info: () => { }, warn: () => { }, error: () => { } };
/** The host of the API, as in a URL. */
function apiHostname() {
    return new URL(defaults.baseUrl ?? '').hostname;
}
/** The API of the server in `GITHUB_API_URL`, or of github.com. */
function restOf(token) {
    return new utils/* GitHub */.gq((0,utils/* getOctokitOptions */.EG)(token, { log: silent })).rest;
}
/** @throws ApiFailure where GitHub answers with a refusal; otherwise what the request throws. */
async function answered(request) {
    try {
        return await request();
    }
    catch (error) {
        throw failureOf(error) ?? error;
    }
}
/** What GitHub answered; undefined where nothing came. Octokit gives an answer that never came the status 500. */
function failureOf(error) {
    if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number')
        return undefined;
    const headers = headersOf(error);
    if (headers === undefined)
        return undefined;
    return new checks_api/* ApiFailure */.F(error.status, error.message, limitMs(error.status, error, headers));
}
function headersOf(error) {
    const response = 'response' in error ? error.response : undefined;
    if (typeof response !== 'object' || response === null || !('headers' in response))
        return undefined;
    const { headers } = response;
    return typeof headers === 'object' && headers !== null ? { ...headers } : undefined;
}
/** How long GitHub wants to be left alone, in milliseconds; undefined where it does not say. */
function limitMs(status, { message }, headers) {
    const after = Number(headers['retry-after'] ?? Number.NaN);
    if (after >= 0)
        return after * 1000;
    if (status !== 403 && status !== 429)
        return undefined;
    const isSecondary = /secondary rate limit|abuse detection/i.test(message);
    const isLimit = isSecondary || status === 429;
    if (headers['x-ratelimit-remaining'] !== '0')
        return isLimit ? SHORTEST_LIMIT_MS : undefined;
    const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1000 - Date.now();
    return reset > 0 ? reset : SHORTEST_LIMIT_MS;
}

;// CONCATENATED MODULE: ./lib/review/pull-request/octokit.js


/** A pull request in GitHub's API. The module is loaded only where one is reviewed: it has the HTTP client. */
function pullRequestApi(token, { owner, repo, number }) {
    const { pulls, repos, git, issues } = restOf(token);
    const repository = { owner, repo };
    const pull = { ...repository, pull_number: number };
    return {
        pullRequest: (signal) => answered(async () => {
            const { data } = await pulls.get({ ...pull, request: { signal } });
            return { headSha: data.head.sha, baseSha: data.base.sha, changedFiles: data.changed_files };
        }),
        mergeBase: (base, head, signal) => answered(async () => {
            // Its list of files ends at 300, and is not read. One commit is enough.
            const basehead = `${base}...${head}`;
            const { data } = await repos.compareCommitsWithBasehead({
                ...repository,
                basehead,
                per_page: 1,
                request: { signal },
            });
            return data.merge_base_commit.sha;
        }),
        files: (page, signal) => answered(async () => {
            const { data } = await pulls.listFiles({ ...pull, per_page: pages/* PAGE */.K, page, request: { signal } });
            return data.map(({ filename, previous_filename, status, sha }) => ({
                ...{ path: filename, previousPath: previous_filename, status, sha },
            }));
        }),
        content: (path, ref, signal) => answered(async () => {
            const { data } = await repos.getContent({ ...repository, path, ref, request: { signal } });
            return contentOf(data);
        }),
        blob: (file_sha, signal) => answered(async () => {
            const { data } = await git.getBlob({ ...repository, file_sha, request: { signal } });
            return Buffer.from(data.content, data.encoding === 'base64' ? 'base64' : 'utf8');
        }),
        ...commentsOf(issues, { ...repository, issue_number: number }),
    };
}
/** The comments of a pull request are those of an issue with its number. */
function commentsOf(issues, { issue_number, ...repository }) {
    return {
        comments: (page, signal) => answered(async () => {
            const place = { ...repository, issue_number };
            const { data } = await issues.listComments({ ...place, per_page: pages/* PAGE */.K, page, request: { signal } });
            return data.map(commentOf);
        }),
        createComment: (body, signal) => answered(async () => {
            const { data } = await issues.createComment({ ...repository, issue_number, body, request: { signal } });
            return commentOf(data);
        }),
        updateComment: (comment_id, body, signal) => answered(async () => {
            await issues.updateComment({ ...repository, comment_id, body, request: { signal } });
        }),
        deleteComment: (comment_id, signal) => answered(async () => {
            await issues.deleteComment({ ...repository, comment_id, request: { signal } });
        }),
    };
}
function commentOf({ id, body, user }) {
    return {
        id,
        body: body ?? '',
        author: user === null ? undefined : { login: user.login, isBot: user.type === 'Bot' },
    };
}
function contentOf(data) {
    if (Array.isArray(data))
        return { kind: 'folder' };
    if (data.type === 'symlink' || data.type === 'submodule')
        return { kind: data.type };
    // Octokit takes an answer that was cut off for a text.
    if (data.type !== 'file')
        throw new Error('no answer');
    const { sha, size } = data;
    const isWhole = 'encoding' in data && data.encoding === 'base64';
    return { kind: 'file', sha, size, bytes: isWhole ? Buffer.from(data.content, 'base64') : undefined };
}


/***/ })

};
