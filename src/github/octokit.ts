import type { ChecksApi, ExistingCheck } from './checks-api.ts';
import { answered, restOf } from './rest.ts';

/** Check runs in GitHub's API. It is loaded only where a check run is asked for. */
export function checksApi(token: string, repository: { readonly owner: string; readonly repo: string }): ChecksApi {
  const { checks } = restOf(token);
  return {
    list: ({ name, sha }, signal) =>
      answered(async () => {
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
    create: ({ name, sha, externalId }, check, signal) =>
      answered(async () => {
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
    update: (id, check, signal) =>
      answered(async () => {
        await checks.update({ ...repository, check_run_id: id, ...check, request: { signal } });
      }),
  };
}

type Answer = Awaited<ReturnType<ReturnType<typeof restOf>['checks']['get']>>['data'];

function existing({ id, external_id, status, started_at }: Answer): ExistingCheck {
  const startedAt = Date.parse(started_at ?? '');
  return {
    id,
    externalId: external_id,
    isCompleted: status === 'completed',
    startedAt: Number.isNaN(startedAt) ? undefined : startedAt,
  };
}
