import type { Change, Edit, InFlight } from '../table.ts';

/* Changes of the shop in `shop/`, and what a review must say about each, and must not. */

const CHECK_OUT = ['reserveStock', 'chargeCard', 'DBOS.sleep', 'packBox', 'notifyShop'];
const DELIVER = ['bookCourier', 'DBOS.send', 'DBOS.recv', 'DBOS.sleep'];

/** Executions of `checkOut` that recorded its first steps. */
const checkOut = (steps: number, more: Partial<InFlight> = {}): InFlight => {
  return { workflow: 'checkOut', className: 'Orders', recorded: CHECK_OUT.slice(0, steps), ...more };
};
const deliver = (...more: readonly string[]): InFlight => {
  return { workflow: 'deliver', className: 'Delivery', recorded: [...DELIVER, ...more] };
};

const ORDERS = { workflow: 'checkOut', className: 'Orders', path: 'orders.ts' } as const;
const CHECK_OUT_LINE = 'static async checkOut(order: Order): Promise<string> {';
const SHARED = { version: 'PATCHING_ENABLED' } as const;

const PACK = '    await Orders.pack(order);\n';
const SLEEP = '    await DBOS.sleep(20);\n';
const CHARGE = '    const isPaid = await chargeCard(order.cents);\n';
const WEIGH = `  if (await DBOS.patch('weigh-parcels')) {
    await DBOS.runStep(() => work('weighParcel'), { name: 'weighParcel' });
  } else {
    await DBOS.runStep(() => work('guessWeight'), { name: 'guessWeight' });
  }
`;
const SEND = "  await DBOS.send(DBOS.workflowID ?? id, 'ready', 'pickup');\n";
const RECEIVE = "  await DBOS.recv('pickup', 5);\n";
/** Nobody sends the message: it waits. */
const WAITS = { workflow: 'deliver', className: 'Delivery', recorded: ['bookCourier', 'DBOS.sleep'] } as const;
const CALL = `  if (await DBOS.patch('call-ahead')) {
    await DBOS.runStep(() => work('callAhead'), { name: 'callAhead' });
  }
`;
const WEIGH_ONLY = "  await DBOS.runStep(() => work('weighParcel'), { name: 'weighParcel' });\n";
const REFUND = `async function sendMoney(): Promise<string> {
  return work('sendMoney');
}

export const refundPayment = DBOS.registerWorkflow(
  async (cents: number): Promise<number> => {
    await DBOS.runStep(sendMoney);
    await DBOS.runStep(() => work('bookRefund'), { name: 'bookRefund' });
    return cents;
  },
  { name: 'refundPayment' },
);
`;
const RETURNS = { workflow: 'acceptReturn', className: 'Returns', recorded: ['inspectGoods'] } as const;

const change = (title: string, path: string, edit: Edit, rest: Omit<Change, 'title' | 'after'>): Change => {
  return { title, after: { [path]: edit }, ...rest };
};

const nothing: readonly Change[] = [
  change(
    'formats a workflow and comments it',
    'orders.ts',
    [
      [
        SLEEP,
        '    // A moment, so that a customer can\n    // change their mind.\n    await DBOS\n      .sleep( 20 )\n',
      ],
      [CHECK_OUT_LINE, 'static async checkOut(\n    order: Order,\n  ): Promise<string> { /* all of it */'],
    ],
    { inFlight: [checkOut(4)], sameVersion: true, expected: [] },
  ),
  change(
    'changes types alone',
    'orders.ts',
    [
      [CHECK_OUT_LINE, 'static async checkOut(order: Readonly<Order>): Promise<Awaited<string>> {'],
      [CHARGE, '    const isPaid: boolean = (await chargeCard(order.cents as number)) satisfies boolean;\n'],
    ],
    { inFlight: [checkOut(4)], sameVersion: true, expected: [] },
  ),
  change(
    'changes the insides of steps',
    'orders.ts',
    [
      ['    await work(`release ${reservation}`);', '    for (const each of [reservation]) await work(each);'],
      ['DBOS.runStep(() => work(NOTICE), {', 'DBOS.runStep(async () => (await work("shop")) + NOTICE, {'],
      ['    return `packed ${order.id}`;', '    return [await work("tape"), order.id].join();'],
    ],
    { inFlight: [checkOut(5)], sameVersion: true, expected: [] },
  ),
  change(
    'adds a step after all that is recorded',
    'orders.ts',
    [[PACK, `${PACK}    await DBOS.runStep(() => work('label'), { name: 'labelBox' });\n`]],
    { inFlight: [checkOut(4)], sameVersion: true, expected: [] },
  ),
  change('removes a step that nothing in flight has run', 'orders.ts', [[PACK, '']], {
    inFlight: [checkOut(3)],
    sameVersion: true,
    expected: [],
  }),
  change('changes a workflow of which nothing is in flight', 'orders.ts', [[SLEEP, '']], {
    inFlight: [{ workflow: 'cancelOrder', className: 'Orders', recorded: ['releaseStock'] }],
    expected: [],
  }),
  change(
    'puts a new step behind a patch',
    'orders.ts',
    [
      [
        SLEEP,
        `    if (await DBOS.patch('label')) await DBOS.runStep(() => work('l'), { name: 'labelBox' });\n${SLEEP}`,
      ],
    ],
    { inFlight: [checkOut(4, SHARED)], expected: [] },
  ),
  change(
    'puts the old order behind a patch, with an early return',
    'delivery.ts',
    [
      [
        '  const courier = await book();\n',
        `  if (!(await DBOS.patch('book-last'))) return deliverOld(id);\n  const courier = 'later';\n`,
      ],
      [
        'const deliver = async',
        `const deliverOld = async (id: string): Promise<string> => {\n  const courier = await book();
  await DBOS.send(DBOS.workflowID ?? id, 'ready', 'pickup');\n  await DBOS.recv('pickup', 5);\n  return courier;\n};\n\nconst deliver = async`,
      ],
    ],
    {
      inFlight: [{ workflow: 'deliver', className: 'Delivery', recorded: DELIVER.slice(0, 2) }],
      sameVersion: true,
      expected: [],
    },
  ),
  change(
    'moves steps into a function of the file',
    'orders.ts',
    [
      [`${PACK}    await DBOS.runStep(() => work(NOTICE), { name: NOTICE });\n`, '    await finish(order);\n'],
      [
        'export class Orders {',
        `async function finish(order: Order): Promise<void> {\n${PACK}    await DBOS.runStep(() => work(NOTICE), { name: NOTICE });\n}\n\nexport class Orders {`,
      ],
    ],
    { inFlight: [checkOut(5)], sameVersion: true, expected: [] },
  ),
  {
    title: 'renames a file',
    after: { 'delivery.ts': [['const book = ', '/** A step. */\nconst book = ']] },
    renamed: { 'delivery.ts': 'deliver/courier.ts' },
    inFlight: [deliver()],
    sameVersion: true,
    expected: [],
  },
  {
    title: 'moves a workflow to another file',
    after: { 'payments.ts': [[REFUND, '']], 'emails.ts': [['/** `register.ts`', `${REFUND}/** \`register.ts\``]] },
    inFlight: [{ workflow: 'refundPayment', recorded: ['sendMoney'] }],
    sameVersion: true,
    expected: [],
  },
];

const removed: readonly Change[] = [
  change('removes a step that work has run, with a version for each deploy', 'orders.ts', [[PACK, '']], {
    inFlight: [checkOut(2, { count: 1 }), checkOut(4, { count: 2 })],
    expected: [
      {
        ...ORDERS,
        kind: 'step-removed',
        severity: 'notice',
        line: CHECK_OUT_LINE,
        says: [
          '3 Orders.checkOut are in flight on 1.0.0 and finish on the old code.',
          'They cannot be forked onto this change: 2 have run packBox, which it removes.',
          'Retire 1.0.0 behind the gate.',
        ],
      },
    ],
  }),
  change('removes it where deploys share a version', 'orders.ts', [[PACK, '']], {
    inFlight: [checkOut(4)],
    sameVersion: true,
    expected: [{ ...ORDERS, kind: 'step-removed', severity: 'error', line: CHECK_OUT_LINE, says: ['packBox'] }],
  }),
  change('removes it where patching is on', 'orders.ts', [[PACK, '']], {
    inFlight: [checkOut(4, SHARED)],
    expected: [{ ...ORDERS, kind: 'step-removed', severity: 'error', line: CHECK_OUT_LINE, says: ['packBox'] }],
  }),
  change('removes a call of a step of another file', 'orders.ts', [[CHARGE, '    const isPaid = true;\n']], {
    inFlight: [checkOut(2)],
    expected: [{ ...ORDERS, kind: 'step-removed', severity: 'notice', line: CHECK_OUT_LINE, says: ['chargeCard'] }],
  }),
  change('makes a step a plain function', 'orders.ts', [["  @DBOS.step({ name: 'packBox' })\n", '']], {
    inFlight: [checkOut(4)],
    expected: [{ ...ORDERS, kind: 'step-removed', severity: 'notice', line: CHECK_OUT_LINE, says: ['packBox'] }],
  }),
  change('renames a step by its constant', 'orders.ts', [["'notifyShop'", "'notifyWarehouse'"]], {
    inFlight: [checkOut(5)],
    sameVersion: true,
    expected: [{ ...ORDERS, kind: 'step-removed', severity: 'error', line: CHECK_OUT_LINE, says: ['notifyShop'] }],
  }),
  change(
    'removes a step of an instance, in a loop of a method',
    'stock.ts',
    [['    await this.orderGoods(missing);\n', '']],
    {
      inFlight: [{ workflow: 'refill', className: 'Warehouse', recorded: ['count', 'orderGoods'] }],
      expected: [
        {
          kind: 'step-removed',
          severity: 'notice',
          workflow: 'refill',
          className: 'Warehouse',
          path: 'stock.ts',
          line: 'async refill(): Promise<number> {',
          says: ['orderGoods'],
        },
      ],
    },
  ),
  change('removes the wait for a message', 'delivery.ts', [[RECEIVE, '']], {
    inFlight: [deliver('DBOS.patch-weigh-parcels')],
    expected: [
      {
        kind: 'step-removed',
        severity: 'notice',
        workflow: 'deliver',
        className: 'Delivery',
        path: 'delivery.ts',
        line: 'const deliver = async (id: string): Promise<string> => {',
        says: ['DBOS.recv'],
      },
    ],
  }),
  change(
    'removes a step in CommonJS',
    'audit.cjs',
    [["  await DBOS.runStep(async () => 'books', { name: 'readBooks' });\n", '']],
    {
      inFlight: [{ workflow: 'audit', recorded: ['readBooks'] }],
      expected: [
        {
          kind: 'step-removed',
          severity: 'notice',
          workflow: 'audit',
          path: 'audit.cjs',
          line: 'exports.audit = DBOS.registerWorkflow(async function audit() {',
          says: ['readBooks'],
        },
      ],
    },
  ),
  {
    title: 'removes the second of two sleeps',
    before: { 'orders.ts': [[PACK, `${PACK}${SLEEP}`]] },
    after: { 'orders.ts': [[`${PACK}${SLEEP}`, PACK]] },
    inFlight: [
      { ...checkOut(0), recorded: ['reserveStock', 'chargeCard', 'DBOS.sleep', 'packBox'] },
      { ...checkOut(0), recorded: ['reserveStock', 'chargeCard', 'DBOS.sleep', 'packBox', 'DBOS.sleep'], count: 2 },
    ],
    expected: [
      {
        ...ORDERS,
        kind: 'step-removed',
        severity: 'notice',
        line: CHECK_OUT_LINE,
        says: ['2 have recorded DBOS.sleep'],
      },
    ],
  },
];

const TOGETHER = '    await Promise.all([Orders.pack(order), DBOS.runStep(() => work(NOTICE), { name: NOTICE })]);\n';
const ONE_BY_ONE = `${PACK}    await DBOS.runStep(() => work(NOTICE), { name: NOTICE });\n`;

const together: readonly Change[] = [
  {
    title: 'puts a step before two that run together',
    before: { 'orders.ts': [[ONE_BY_ONE, TOGETHER]] },
    after: {
      'orders.ts': [[TOGETHER, `    await DBOS.runStep(() => work('tax'), { name: 'addTax' });\n${TOGETHER}`]],
    },
    inFlight: [checkOut(3), { ...checkOut(3), recorded: ['reserveStock', 'chargeCard', 'DBOS.sleep', 'notifyShop'] }],
    sameVersion: true,
    expected: [
      {
        ...ORDERS,
        kind: 'step-before',
        severity: 'error',
        line: "await DBOS.runStep(() => work('tax'), { name: 'addTax' });",
        says: ['1 has run notifyShop, before which this change puts addTax'],
      },
    ],
  },
  {
    title: 'runs two steps one after the other that ran together',
    before: { 'orders.ts': [[ONE_BY_ONE, TOGETHER]] },
    after: { 'orders.ts': [[TOGETHER, ONE_BY_ONE]] },
    inFlight: [{ ...checkOut(3), recorded: ['reserveStock', 'chargeCard', 'DBOS.sleep', 'notifyShop'] }],
    sameVersion: true,
    expected: [],
  },
];

const moved: readonly Change[] = [
  change('swaps two steps that work has run', 'orders.ts', [[`${SLEEP}${PACK}`, `${PACK}${SLEEP}`]], {
    inFlight: [checkOut(4)],
    sameVersion: true,
    expected: [
      { ...ORDERS, kind: 'step-reordered', severity: 'error', line: CHECK_OUT_LINE, says: ['which this change moves'] },
    ],
  }),
  change(
    'puts a step before what work has recorded',
    'orders.ts',
    [[CHARGE, `    await DBOS.runStep(() => work('tax'), { name: 'addTax' });\n${CHARGE}`]],
    {
      inFlight: [checkOut(1), checkOut(3)],
      sameVersion: true,
      expected: [
        {
          ...ORDERS,
          kind: 'step-before',
          severity: 'error',
          line: "await DBOS.runStep(() => work('tax'), { name: 'addTax' });",
          says: ['chargeCard', 'addTax'],
        },
      ],
    },
  ),
];

const patches: readonly Change[] = [
  {
    title: 'puts a sleep in the place of a wait',
    before: { 'delivery.ts': [[SEND, '']] },
    after: { 'delivery.ts': [[RECEIVE, '  await DBOS.sleep(5);\n']] },
    inFlight: [{ ...WAITS, count: 2 }],
    sameVersion: true,
    expected: [
      {
        kind: 'step-removed',
        severity: 'error',
        workflow: 'deliver',
        className: 'Delivery',
        path: 'delivery.ts',
        line: 'const deliver = async (id: string): Promise<string> => {',
        says: ['Up to 2 have started DBOS.recv, which this change removes'],
      },
    ],
  },
  {
    title: 'puts a patch in front of a wait',
    before: { 'delivery.ts': [[SEND, '']] },
    after: { 'delivery.ts': [[RECEIVE, `${CALL}${RECEIVE}`]] },
    inFlight: [{ ...WAITS, count: 2 }, deliver()],
    sameVersion: true,
    expected: [
      {
        kind: 'step-before',
        severity: 'error',
        workflow: 'deliver',
        className: 'Delivery',
        path: 'delivery.ts',
        line: "if (await DBOS.patch('call-ahead')) {",
        says: ['2 wait in DBOS.recv, before which this change puts the patch call-ahead', 'put it behind DBOS.recv'],
      },
    ],
  },
  {
    title: 'puts a patch behind a wait',
    before: { 'delivery.ts': [[SEND, '']] },
    after: { 'delivery.ts': [[RECEIVE, `${RECEIVE}${CALL}`]] },
    inFlight: [WAITS],
    sameVersion: true,
    expected: [],
  },
  change('removes a patch whose marker work has recorded', 'delivery.ts', [[WEIGH, WEIGH_ONLY]], {
    inFlight: [deliver('DBOS.patch-weigh-parcels', 'weighParcel')],
    expected: [
      {
        kind: 'patch-removed',
        severity: 'error',
        workflow: 'deliver',
        className: 'Delivery',
        path: 'delivery.ts',
        line: 'const deliver = async (id: string): Promise<string> => {',
        says: ['weigh-parcels'],
      },
    ],
  }),
  change('removes a patch before which all work is', 'delivery.ts', [[WEIGH, WEIGH_ONLY]], {
    inFlight: [{ workflow: 'deliver', className: 'Delivery', recorded: DELIVER.slice(0, 2) }],
    sameVersion: true,
    expected: [],
  }),
  change(
    'deprecates a patch behind which work is without its marker',
    'delivery.ts',
    [[WEIGH, `  await DBOS.deprecatePatch('weigh-parcels');\n${WEIGH_ONLY}`]],
    {
      inFlight: [{ ...deliver('guessWeight'), version: 'PATCHING_ENABLED' }],
      expected: [
        {
          kind: 'patch-deprecated',
          severity: 'error',
          workflow: 'deliver',
          className: 'Delivery',
          path: 'delivery.ts',
          line: "await DBOS.deprecatePatch('weigh-parcels');",
          says: ['guessWeight', 'weigh-parcels'],
        },
      ],
    },
  ),
];

const gone: readonly Change[] = [
  change('deletes the file of a workflow in flight', 'returns.ts', null, {
    inFlight: [RETURNS],
    expected: [
      {
        kind: 'workflow-deleted',
        severity: 'notice',
        workflow: 'acceptReturn',
        className: 'Returns',
        path: 'returns.ts',
        line: 'static async accept(id: string): Promise<string> {',
      },
    ],
  }),
  change('deletes a workflow that work without a version will call', 'returns.ts', null, {
    inFlight: [{ ...RETURNS, version: null }],
    expected: [
      {
        kind: 'workflow-deleted',
        severity: 'error',
        workflow: 'acceptReturn',
        className: 'Returns',
        path: 'returns.ts',
        line: 'static async accept(id: string): Promise<string> {',
      },
    ],
  }),
  change('renames a workflow by its option', 'orders.ts', [["name: 'cancelOrder'", "name: 'abortOrder'"]], {
    inFlight: [{ workflow: 'cancelOrder', className: 'Orders', recorded: ['releaseStock'] }],
    expected: [
      {
        kind: 'workflow-renamed',
        severity: 'notice',
        workflow: 'cancelOrder',
        className: 'Orders',
        path: 'orders.ts',
        line: 'static async cancel(order: Order): Promise<void> {',
        says: ['Orders.abortOrder'],
      },
    ],
  }),
  change(
    'renames a workflow that a schedule starts',
    'nightly.ts',
    [['async function cleanUp(', 'async function tidyUp(']],
    {
      inFlight: [],
      schedules: [{ name: 'cleanUp' }],
      expected: [
        {
          kind: 'workflow-renamed',
          severity: 'error',
          workflow: 'cleanUp',
          path: 'nightly.ts',
          line: 'export const nightly = DBOS.registerWorkflow(async function tidyUp(_at: Date, _context: unknown): Promise<void> {',
        },
      ],
    },
  ),
  change('renames the class of a workflow', 'stock.ts', [["'Warehouse'", "'Depot'"]], {
    inFlight: [{ workflow: 'check', className: 'Warehouse', recorded: ['inspect'] }],
    expected: [
      {
        kind: 'workflow-renamed',
        severity: 'notice',
        workflow: 'check',
        className: 'Warehouse',
        path: 'stock.ts',
        line: 'async check(): Promise<string> {',
        says: ['Depot.check'],
      },
    ],
  }),
];

const elsewhere: readonly Change[] = [
  change(
    'changes a function that an unchanged file registers',
    'emails.ts',
    [["{ name: 'writeReceipt' }", "{ name: 'composeReceipt' }"]],
    {
      inFlight: [{ workflow: 'sendReceipt', recorded: ['writeReceipt'] }],
      expected: [
        {
          kind: 'step-removed',
          severity: 'notice',
          workflow: 'sendReceipt',
          path: 'emails.ts',
          line: 'export async function sendReceipt(to: string): Promise<string> {',
          isProbable: true,
          says: ['writeReceipt'],
        },
      ],
    },
  ),
  {
    title: 'changes a function that another changed file registers under another name',
    after: {
      'emails.ts': [['  await DBOS.sleep(10);\n', '']],
      'register.ts': [['export const receipts', '// Mails of the shop.\nexport const receipts']],
    },
    inFlight: [{ workflow: 'remind', recorded: ['DBOS.sleep'] }],
    expected: [
      {
        kind: 'step-removed',
        severity: 'notice',
        workflow: 'remind',
        path: 'emails.ts',
        line: 'export async function sendReminder(to: string): Promise<void> {',
        isProbable: true,
        says: ['DBOS.sleep'],
      },
    ],
  },
];

const said: readonly Change[] = [
  change(
    'is accepted above the decorators',
    'orders.ts',
    [
      [PACK, ''],
      ['  /** Takes an order. */\n', '  /** Takes an order. */\n  // drain-gate: accept 1.0.0 is retired first\n'],
    ],
    { inFlight: [checkOut(4)], sameVersion: true, expected: [], accepted: ['1.0.0 is retired first'] },
  ),
  change('is accepted in the body', 'orders.ts', [[PACK, '    /* drain-gate: accept nobody waits for a box */\n']], {
    inFlight: [checkOut(4)],
    expected: [],
    accepted: ['nobody waits for a box'],
  }),
  change('computes the name of a step', 'orders.ts', [['{ name: NOTICE }', '{ name: `${NOTICE} ${order.id}` }']], {
    inFlight: [checkOut(4)],
    expected: [],
    limits: ['Names that the code computes'],
  }),
  change(
    'puts a step under a condition',
    'orders.ts',
    [[PACK, `    if (order.cents > 10) await Orders.pack(order);\n`]],
    {
      inFlight: [checkOut(4)],
      expected: [],
      limits: ['Under other conditions'],
    },
  ),
  change('breaks the text', 'orders.ts', [[CHECK_OUT_LINE, `${CHECK_OUT_LINE} ][ = ;`]], {
    inFlight: [checkOut(4)],
    expected: [],
    limits: ['the grammar does not know'],
  }),
];

export const CHANGES: readonly Change[] = [
  ...nothing,
  ...removed,
  ...together,
  ...moved,
  ...patches,
  ...gone,
  ...elsewhere,
  ...said,
];
