import { repositorySlug } from '../../scripts/repository.ts';

/** The gate, as recipes use it. */
export const GATE = repositorySlug();

/** The review of pull requests, as recipes use it. */
export const REVIEW = `${GATE}/review`;

/** The actions that recipes use, each with the one tag that all of them use. */
export const ACTIONS: Readonly<Record<string, string>> = {
  [GATE]: 'v1',
  [REVIEW]: 'v1',
  'actions/cache/restore': 'v6',
  'actions/cache/save': 'v6',
  'actions/checkout': 'v7',
  'actions/download-artifact': 'v8',
  'actions/setup-node': 'v7',
  'actions/upload-artifact': 'v7',
  'aws-actions/configure-aws-credentials': 'v5',
  'google-github-actions/auth': 'v3',
  'google-github-actions/setup-gcloud': 'v3',
};

/** The name of an action without its tag: `owner/name` of `owner/name@v1`. */
export function actionOf(uses: string): string {
  return uses.replace(/@.*$/, '');
}
