import { holdToTable } from '../../review/hold-to-table.ts';
import { filesOf } from '../../review/review.ts';
import { CHANGES } from '../../review/typescript/changes.ts';

const SHOP = filesOf(new URL('../../review/typescript/shop/', import.meta.url), (name) => /\.(ts|cjs)$/.test(name));

holdToTable('a change of the sample application in TypeScript', SHOP, CHANGES);
