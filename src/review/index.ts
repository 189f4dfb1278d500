import { runReviewAction } from './action.ts';

await runReviewAction();
