export const id = 282;
export const ids = [282];
export const modules = {

/***/ 1282:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

__webpack_require__.r(__webpack_exports__);
/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   checksApi: () => (/* binding */ checksApi)
/* harmony export */ });
/* harmony import */ var _actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(1845);
/* harmony import */ var _checks_api_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(1379);


/* All that knows the HTTP client. It is loaded only where a check run is asked for. */
/** Without `retry-after`, GitHub asks to wait for a minute at least (*Rate limits for the REST API*). */
const SHORTEST_LIMIT_MS = 60_000;
const silent = { debug: () => { }, info: () => { }, warn: () => { }, error: () => { } };
/** The API of the server in `GITHUB_API_URL`, or of github.com. */
function checksApi(token, repository) {
    const { checks } = new _actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__/* .GitHub */ .gq((0,_actions_github_lib_utils__WEBPACK_IMPORTED_MODULE_0__/* .getOctokitOptions */ .EG)(token, { log: silent })).rest;
    return {
        list: ({ name, sha }, signal) => answered(async () => {
            const { data } = await checks.listForRef({
                ...repository,
                ref: sha,
                check_name: name,
                filter: 'latest',
                per_page: 100,
                request: { signal },
            });
            return data.check_runs.map(existing);
        }),
        create: ({ name, sha, externalId }, check, signal) => answered(async () => {
            const { data } = await checks.create({
                ...repository,
                name,
                head_sha: sha,
                external_id: externalId,
                ...check,
                request: { signal },
            });
            return existing(data);
        }),
        update: (id, check, signal) => answered(async () => {
            await checks.update({ ...repository, check_run_id: id, ...check, request: { signal } });
        }),
    };
}
function existing({ id, external_id, status, started_at }) {
    const startedAt = Date.parse(started_at ?? '');
    return {
        id,
        externalId: external_id,
        isCompleted: status === 'completed',
        startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
    };
}
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
    return headers === undefined ? undefined : new _checks_api_js__WEBPACK_IMPORTED_MODULE_1__/* .ApiFailure */ .F(error.status, error.message, limitMs(error, headers));
}
function headersOf(error) {
    const response = 'response' in error ? error.response : undefined;
    if (typeof response !== 'object' || response === null || !('headers' in response))
        return undefined;
    const { headers } = response;
    return typeof headers === 'object' && headers !== null ? { ...headers } : undefined;
}
/** How long GitHub wants to be left alone, in milliseconds; undefined where it limits nothing. */
function limitMs({ message }, headers) {
    const after = Number(headers['retry-after'] ?? Number.NaN);
    if (after >= 0)
        return after * 1000;
    const isSecondary = /secondary rate limit|abuse detection/i.test(message);
    if (headers['x-ratelimit-remaining'] !== '0')
        return isSecondary ? SHORTEST_LIMIT_MS : undefined;
    const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1000 - Date.now();
    return reset > 0 ? reset : SHORTEST_LIMIT_MS;
}


/***/ })

};
