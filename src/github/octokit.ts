import type { CheckSubject, ChecksApi, ExistingCheck } from './checks-api.ts';
import { requireNameServer } from './name-server.ts';
import { allPages, PAGE } from './pages.ts';
import { answered, apiHostname, restOf } from './rest.ts';

/** Check runs in GitHub's API. It is loaded only where a check run is asked for. */
export function checksApi(token: string, repository: { readonly owner: string; readonly repo: string }): ChecksApi {
  const { checks } = restOf(token);
  const pageOf = async ({ name, sha }: CheckSubject, page: number, signal: AbortSignal) => {
    const { data } = await checks.listForRef({
      ...{ ...repository, ref: sha, check_name: name, filter: 'latest', per_page: PAGE, page },
      request: { signal },
    });
    return data.check_runs.map(existing);
  };
  const interruptible = async <T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> => {
    await requireNameServer(apiHostname(), signal);
    return answered(request);
  };
  return {
    // All of them, since GitHub promises no order. There is a check suite per run of a workflow, so they can be many.
    list: (subject, signal) => interruptible(signal, () => allPages((page) => pageOf(subject, page, signal))),
    create: ({ name, sha, externalId }, check, signal) =>
      interruptible(signal, async () => {
        const made = { name, head_sha: sha, external_id: externalId, ...check };
        const { data } = await checks.create({ ...repository, ...made, request: { signal } });
        return existing(data);
      }),
    update: (id, check, signal) =>
      interruptible(signal, async () => {
        const { data } = await checks.update({ ...repository, check_run_id: id, ...check, request: { signal } });
        return existing(data);
      }),
  };
}

type Answer = Awaited<ReturnType<ReturnType<typeof restOf>['checks']['get']>>['data'];

function existing({ id, external_id, status, conclusion, started_at }: Answer): ExistingCheck {
  const startedAt = Date.parse(started_at ?? '');
  return {
    id,
    externalId: external_id,
    isCompleted: status === 'completed',
    conclusion,
    startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
  };
}
