export const id = 776;
export const ids = [776];
export const modules = {

/***/ 5776:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

// ESM COMPAT FLAG
__webpack_require__.r(__webpack_exports__);

// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  checksApi: () => (/* binding */ checksApi)
});

// EXTERNAL MODULE: external "node:dns/promises"
var promises_ = __webpack_require__(1553);
// EXTERNAL MODULE: external "node:fs"
var external_node_fs_ = __webpack_require__(3024);
// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(7030);
// EXTERNAL MODULE: ./lib/async.js
var lib_async = __webpack_require__(5923);
;// CONCATENATED MODULE: ./lib/github/name-server.js




/** Where a system keeps the names that it asks no name server for. */
const NAMES_FILE = process.platform === 'win32' ? `${process.env['SystemRoot']}\\System32\\drivers\\etc\\hosts` : '/etc/hosts';
/**
 * Asks a name server, and throws where none answers before the signal aborts. The system's resolver cannot be interrupted
 * while it waits for one: the process could not end. This question can be left behind. Any answer does, since the name
 * can be known in another way. A proxy looks names up itself.
 */
async function requireNameServer(hostname, signal) {
    const isProxied = Object.entries(process.env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== '');
    if (isProxied || (0,external_node_net_.isIP)(hostname.replace(/^\[|\]$/g, '')) !== 0 || isInNamesFile(hostname))
        return;
    const answer = (0,promises_.resolve4)(hostname).then(() => true, ({ code }) => code !== 'ETIMEOUT');
    if ((await (0,lib_async/* unlessAborted */.W)(answer, signal)) !== true)
        throw new Error('No name server answers.');
}
/** A line has an address, and the names of it. */
function isInNamesFile(hostname) {
    try {
        const lines = (0,external_node_fs_.readFileSync)(NAMES_FILE, 'utf8').toLowerCase().split('\n');
        return lines.some((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1).includes(hostname));
    }
    catch {
        return false;
    }
}

;// CONCATENATED MODULE: ./lib/github/pages.js
/** The most entries that GitHub puts on a page. */
const PAGE = 100;
/**
 * Returns the entries of all pages, from the first to one that is not full. The pages have `PAGE` entries each, but the
 * last.
 *
 * @param most Pages beyond these are not asked for.
 */
async function allPages(pageOf, most = Number.POSITIVE_INFINITY) {
    const all = [];
    for (let page = 1; page <= most; page += 1) {
        const some = await pageOf(page);
        all.push(...some);
        if (some.length < PAGE)
            break;
    }
    return all;
}

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
    return new URL(utils/* defaults */.NT.baseUrl ?? '').hostname;
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

;// CONCATENATED MODULE: ./lib/github/octokit.js



/** Check runs in GitHub's API. It is loaded only where a check run is asked for. */
function checksApi(token, repository) {
    const { checks } = restOf(token);
    const pageOf = async ({ name, sha }, page, signal) => {
        const { data } = await checks.listForRef({
            ...{ ...repository, ref: sha, check_name: name, filter: 'latest', per_page: PAGE, page },
            request: { signal },
        });
        return data.check_runs.map(existing);
    };
    const interruptible = async (signal, request) => {
        await requireNameServer(apiHostname(), signal);
        return answered(request);
    };
    return {
        // All of them, since GitHub promises no order. There is a check suite per run of a workflow, so they can be many.
        list: (subject, signal) => interruptible(signal, () => allPages((page) => pageOf(subject, page, signal))),
        create: ({ name, sha, externalId }, check, signal) => interruptible(signal, async () => {
            const made = { name, head_sha: sha, external_id: externalId, ...check };
            const { data } = await checks.create({ ...repository, ...made, request: { signal } });
            return existing(data);
        }),
        update: (id, check, signal) => interruptible(signal, async () => {
            const { data } = await checks.update({ ...repository, check_run_id: id, ...check, request: { signal } });
            return existing(data);
        }),
    };
}
function existing({ id, external_id, status, conclusion, started_at }) {
    const startedAt = Date.parse(started_at ?? '');
    return {
        id,
        externalId: external_id,
        isCompleted: status === 'completed',
        conclusion,
        startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
    };
}


/***/ })

};
