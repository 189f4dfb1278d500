import { holdToTable } from '../../review/hold-to-table.ts';
import { CHANGES } from '../../review/python/changes.ts';
import { filesOf } from '../../review/review.ts';

const SHOP = filesOf(new URL('../../review/python/shop/', import.meta.url), (name) => name.endsWith('.py'));

holdToTable('a change of the sample application in Python', SHOP, CHANGES);
