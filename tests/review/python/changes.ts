import type { Change, Edit, ExpectedFinding, InFlight } from '../table.ts';

/* Changes of the shop in `shop/`, and what a review must say about each, and must not. */

const CHECK_OUT = ['reserve_stock', 'charge_card', 'DBOS.sleep', 'packBox', 'notifyShop'];
const DELIVER = ['bookCourier', 'DBOS.send', 'DBOS.recv', 'DBOS.sleep'];

/** Executions of `check_out` that recorded its first steps. */
const checkOut = (steps: number, more: Partial<InFlight> = {}): InFlight => {
  return { workflow: 'check_out', recorded: CHECK_OUT.slice(0, steps), ...more };
};
const deliver = (...more: readonly string[]): InFlight => ({ workflow: 'deliver', recorded: [...DELIVER, ...more] });
const inOrders = (finding: Omit<ExpectedFinding, 'workflow' | 'line'>): ExpectedFinding => {
  return { workflow: 'check_out', line: CHECK_OUT_LINE, ...finding };
};
const inDelivery = (finding: Omit<ExpectedFinding, 'workflow' | 'line'>): ExpectedFinding => {
  return { workflow: 'deliver', line: DELIVER_LINE, ...finding };
};

const CHECK_OUT_LINE = 'def check_out(order):';
const DELIVER_LINE = 'async def deliver(parcel):';
const SHARED = { version: 'PATCHING_ENABLED' } as const;

const RESERVE = '    reservation = reserve_stock(order)\n';
const CHARGE = '    is_paid = charge_card(order["cents"])\n';
const SLEEP = '    DBOS.sleep(0.02)\n';
const PACK = '    pack(order)\n';
const NOTIFY = '    DBOS.run_step({"name": NOTICE}, lambda: work(NOTICE))\n';
const LABEL = '    DBOS.run_step({"name": "labelBox"}, work, "label")\n';
const INSPECT = '        Returns.inspect_goods(parcel)\n';
const REFUND = `def refund(cents):
    DBOS.run_step(None, send_money, cents)
    DBOS.run_step({"name": "bookRefund"}, lambda: work("book"))
    return cents


# Not by a decorator, so that tests can call the function itself.
refund_payment = DBOS.workflow(name="refund_payment")(refund)
`;
const SEND = '    await Durable.send_async(Durable.workflow_id, "ready", "pickup")\n';
const RECEIVE = '    await Durable.recv_async("pickup", 5)\n';
/** Nobody sends the message: it waits. */
const WAITS = { workflow: 'deliver', recorded: ['bookCourier', 'DBOS.sleep'] } as const;
const CALL = `    if await Durable.patch_async("call-ahead"):
        await Durable.run_step_async({"name": "callAhead"}, weigh)
`;
const WEIGH = `    if await Durable.patch_async("weigh-parcels"):
        await Durable.run_step_async({"name": "weighParcel"}, weigh)
    else:
        await Durable.run_step_async({"name": "guessWeight"}, weigh)
`;
const WEIGH_ONLY = '    await Durable.run_step_async({"name": "weighParcel"}, weigh)\n';

const change = (title: string, path: string, edit: Edit, rest: Omit<Change, 'title' | 'after'>): Change => {
  return { title, after: { [path]: edit }, ...rest };
};
/** A change of which nothing must be said, whatever takes the work over. */
const silent = (title: string, path: string, edit: Edit, ...inFlight: readonly InFlight[]): Change => {
  return change(title, path, edit, { inFlight, sameVersion: true, expected: [] });
};

const nothing: readonly Change[] = [
  silent(
    'formats a workflow, comments it and changes its docstring',
    'orders.py',
    [
      ['    """Takes an order."""\n', "    '''Takes an order\n    of a customer.'''\n"],
      [
        SLEEP,
        '    # A moment, so that a customer\n    # can change their mind.\n    DBOS.sleep(\n        0.02,\n    )\n',
      ],
      [NOTIFY, NOTIFY.replaceAll('"', "'")],
    ],
    checkOut(4),
  ),
  silent(
    'adds annotations',
    'orders.py',
    [
      [CHECK_OUT_LINE, 'def check_out(order: dict[str, int | str]) -> str:'],
      [CHARGE, '    is_paid: bool = charge_card(order["cents"])\n'],
    ],
    checkOut(4),
  ),
  silent(
    'changes the insides and the options of steps',
    'orders.py',
    [
      [
        '    return work(f"packed {order[\'id\']}")',
        '    for part in order:\n        work(part)\n    return order["id"]',
      ],
      ['lambda: work(NOTICE)', 'lambda: work("shop") + work(NOTICE)'],
      ['@DBOS.step(name="packBox")', '@DBOS.step(name="packBox", retries_allowed=True)'],
    ],
    checkOut(5),
  ),
  silent('adds a step after all that is recorded', 'orders.py', [[PACK, PACK + LABEL]], checkOut(4)),
  silent('removes a step that nothing in flight has run', 'orders.py', [[PACK, '']], checkOut(3)),
  silent('changes a workflow of which nothing is in flight', 'orders.py', [[SLEEP, '']], {
    workflow: 'cancelOrder',
    recorded: ['release_stock'],
  }),
  silent(
    'puts a new step behind a patch',
    'orders.py',
    [[SLEEP, `    if DBOS.patch("label"):\n    ${LABEL}${SLEEP}`]],
    checkOut(4),
  ),
  silent(
    'puts the old order behind a patch, with an early return',
    'delivery.py',
    [
      [
        '    courier = await book()\n',
        '    if not await Durable.patch_async("book-last"):\n        return await deliver_old(parcel)\n    courier = "later"\n',
      ],
      [
        'async def weigh():',
        'async def deliver_old(parcel):\n    courier = await book()\n    await Durable.send_async(Durable.workflow_id, "ready", "pickup")\n    await Durable.recv_async("pickup", 5)\n    return courier\n\n\nasync def weigh():',
      ],
    ],
    { workflow: 'deliver', recorded: DELIVER.slice(0, 2) },
  ),
  silent(
    'moves steps into a function of the file',
    'orders.py',
    [
      [PACK + NOTIFY, '    finish(order)\n'],
      ['def tell(order):', `def finish(order):\n${PACK}${NOTIFY}\n\ndef tell(order):`],
    ],
    checkOut(5),
  ),
  silent(
    'registers a function by a decorator under the same name',
    'payments.py',
    [
      [
        REFUND,
        `@DBOS.workflow()\n${REFUND.slice(0, REFUND.indexOf('\n\n\n#')).replace('def refund(', 'def refund_payment(')}\n`,
      ],
    ],
    { workflow: 'refund_payment', recorded: ['send_money'] },
  ),
  {
    title: 'renames a file',
    after: { 'delivery.py': [['async def weigh():', '# Not a step.\nasync def weigh():']] },
    renamed: { 'delivery.py': 'courier/delivery.py' },
    inFlight: [deliver()],
    sameVersion: true,
    expected: [],
  },
  {
    title: 'moves a workflow to another file',
    after: {
      'payments.py': [[REFUND, '']],
      'emails.py': [['def send_reminder(to):', `${REFUND}\n\ndef send_reminder(to):`]],
    },
    inFlight: [{ workflow: 'refund_payment', recorded: ['send_money'] }],
    sameVersion: true,
    expected: [],
  },
];

const removed: readonly Change[] = [
  change('removes a step that work has run, with a version for each deploy', 'orders.py', [[PACK, '']], {
    inFlight: [checkOut(2), checkOut(4, { count: 2 })],
    expected: [
      inOrders({
        kind: 'step-removed',
        severity: 'notice',
        says: [
          '3 check_out are in flight on 1.0.0 and finish on the old code.',
          'They cannot be forked onto this change: 2 have run packBox, which it removes.',
          'Retire 1.0.0 behind the gate.',
        ],
      }),
    ],
  }),
  change('removes it where deploys share a version', 'orders.py', [[PACK, '']], {
    inFlight: [checkOut(4)],
    sameVersion: true,
    expected: [inOrders({ kind: 'step-removed', severity: 'error', says: ['packBox'] })],
  }),
  change('removes it where patching is on', 'orders.py', [[PACK, '']], {
    inFlight: [checkOut(4, SHARED)],
    expected: [inOrders({ kind: 'step-removed', severity: 'error', says: ['packBox'] })],
  }),
  change('removes a call of a step of another file', 'orders.py', [[CHARGE, '    is_paid = True\n']], {
    inFlight: [checkOut(2)],
    expected: [inOrders({ kind: 'step-removed', severity: 'notice', says: ['charge_card'] })],
  }),
  change('makes a step a plain function', 'orders.py', [['@DBOS.step(name="packBox")\n', '']], {
    inFlight: [checkOut(4)],
    expected: [inOrders({ kind: 'step-removed', severity: 'notice', says: ['packBox'] })],
  }),
  change('renames a step by its constant', 'orders.py', [['NOTICE = "notifyShop"', 'NOTICE = "notifyWarehouse"']], {
    inFlight: [checkOut(5)],
    sameVersion: true,
    expected: [inOrders({ kind: 'step-removed', severity: 'error', says: ['notifyShop'] })],
  }),
  change(
    'renames the function of a step',
    'orders.py',
    [
      ['def reserve_stock(order):', 'def hold_stock(order):'],
      [RESERVE, RESERVE.replace('reserve_stock', 'hold_stock')],
    ],
    {
      inFlight: [checkOut(1)],
      sameVersion: true,
      expected: [inOrders({ kind: 'step-removed', severity: 'error', says: ['reserve_stock'] })],
    },
  ),
  change(
    'removes a step of an instance, in a loop',
    'stock.py',
    [['            self.order_goods(missing)\n', '            pass\n']],
    {
      inFlight: [
        { workflow: 'Stock.refill', className: 'Warehouse', recorded: ['Stock.count', 'Stock.count', 'orderGoods'] },
      ],
      expected: [
        {
          kind: 'step-removed',
          severity: 'notice',
          workflow: 'Stock.refill',
          className: 'Warehouse',
          line: 'def refill(self):',
          says: ['orderGoods'],
        },
      ],
    },
  ),
  change('removes a step of a class method', 'returns.py', [['        cls.inspect_goods(parcel)\n', '']], {
    inFlight: [{ workflow: 'Returns.pay_back', className: 'Returns', recorded: ['Returns.inspect_goods'] }],
    expected: [
      {
        kind: 'step-removed',
        severity: 'notice',
        workflow: 'Returns.pay_back',
        className: 'Returns',
        line: 'def pay_back(cls, parcel):',
        says: ['Returns.inspect_goods'],
      },
    ],
  }),
  change('removes the wait for a message', 'delivery.py', [[RECEIVE, '']], {
    inFlight: [deliver('DBOS.patch-weigh-parcels')],
    expected: [inDelivery({ kind: 'step-removed', severity: 'notice', says: ['DBOS.recv'] })],
  }),
  change(
    'removes a child',
    'returns.py',
    [
      ['        return Returns.pay_back(parcel)\n', '        return parcel\n'],
      [INSPECT, `${INSPECT}        DBOS.sleep(0.01)\n`],
    ],
    {
      inFlight: [{ workflow: 'Returns.accept', recorded: ['Returns.inspect_goods', 'Returns.pay_back'] }],
      sameVersion: true,
      expected: [
        {
          kind: 'step-removed',
          severity: 'error',
          workflow: 'Returns.accept',
          line: 'def accept(parcel):',
          says: ['Returns.pay_back'],
        },
      ],
    },
  ),
];

const moved: readonly Change[] = [
  change('swaps two steps that work has run', 'orders.py', [[SLEEP + PACK, PACK + SLEEP]], {
    inFlight: [checkOut(4)],
    sameVersion: true,
    expected: [inOrders({ kind: 'step-reordered', severity: 'error', says: ['which this change moves'] })],
  }),
  change('puts a step before what work has recorded', 'orders.py', [[CHARGE, LABEL + CHARGE]], {
    inFlight: [checkOut(1), checkOut(3)],
    sameVersion: true,
    expected: [
      {
        workflow: 'check_out',
        line: LABEL.trim(),
        kind: 'step-before',
        severity: 'error',
        says: ['charge_card', 'labelBox'],
      },
    ],
  }),
];

const patches: readonly Change[] = [
  {
    title: 'puts a sleep in the place of a wait',
    before: { 'delivery.py': [[SEND, '']] },
    after: { 'delivery.py': [[RECEIVE, '    await Durable.sleep_async(0.01)\n']] },
    inFlight: [{ ...WAITS, count: 2 }],
    sameVersion: true,
    expected: [
      inDelivery({
        kind: 'step-removed',
        severity: 'error',
        says: ['Up to 2 have started DBOS.recv, which this change'],
      }),
    ],
  },
  {
    title: 'puts a patch in front of a wait',
    before: { 'delivery.py': [[SEND, '']] },
    after: { 'delivery.py': [[RECEIVE, `${CALL}${RECEIVE}`]] },
    inFlight: [{ ...WAITS, count: 2 }, deliver()],
    sameVersion: true,
    expected: [
      {
        ...inDelivery({
          kind: 'step-before',
          severity: 'error',
          says: ['2 wait in DBOS.recv, before which this change puts the patch call-ahead', 'put it behind DBOS.recv'],
        }),
        line: 'if await Durable.patch_async("call-ahead"):',
      },
    ],
  },
  change('removes a patch whose marker work has recorded', 'delivery.py', [[WEIGH, WEIGH_ONLY]], {
    inFlight: [deliver('DBOS.patch-weigh-parcels', 'weighParcel')],
    expected: [inDelivery({ kind: 'patch-removed', severity: 'error', says: ['weigh-parcels'] })],
  }),
  change('removes a patch before which all work is', 'delivery.py', [[WEIGH, WEIGH_ONLY]], {
    inFlight: [{ workflow: 'deliver', recorded: DELIVER.slice(0, 2) }],
    sameVersion: true,
    expected: [],
  }),
  change(
    'deprecates a patch behind which work is without its marker',
    'delivery.py',
    [[WEIGH, `    await Durable.deprecate_patch_async("weigh-parcels")\n${WEIGH_ONLY}`]],
    {
      inFlight: [{ ...deliver('guessWeight'), ...SHARED }],
      expected: [
        {
          workflow: 'deliver',
          line: 'await Durable.deprecate_patch_async("weigh-parcels")',
          kind: 'patch-deprecated',
          severity: 'error',
          says: ['guessWeight', 'weigh-parcels'],
        },
      ],
    },
  ),
];

const RETURNS = { workflow: 'Returns.accept', recorded: ['Returns.inspect_goods'] } as const;
const RETURNS_GONE = { workflow: 'Returns.accept', line: 'def accept(parcel):', kind: 'workflow-deleted' } as const;

const gone: readonly Change[] = [
  change('deletes the file of a workflow in flight', 'returns.py', null, {
    inFlight: [RETURNS],
    expected: [{ ...RETURNS_GONE, severity: 'notice' }],
  }),
  change('deletes a workflow that work without a version will call', 'returns.py', null, {
    inFlight: [{ ...RETURNS, version: null }],
    expected: [{ ...RETURNS_GONE, severity: 'error' }],
  }),
  change('renames a workflow by its option', 'orders.py', [['name="cancelOrder"', 'name="abortOrder"']], {
    inFlight: [{ workflow: 'cancelOrder', recorded: ['release_stock'] }],
    expected: [
      {
        workflow: 'cancelOrder',
        line: 'def cancel(order):',
        kind: 'workflow-renamed',
        severity: 'notice',
        says: ['abortOrder'],
      },
    ],
  }),
  change(
    'renames the function of a workflow that a schedule starts',
    'nightly.py',
    [['def clean_up(', 'def tidy_up(']],
    {
      inFlight: [],
      schedules: [{ name: 'clean_up' }],
      expected: [
        { workflow: 'clean_up', line: 'def tidy_up(_at, _context):', kind: 'workflow-renamed', severity: 'error' },
      ],
    },
  ),
  change('renames the class of a workflow', 'stock.py', [['"Warehouse"', '"Depot"']], {
    inFlight: [{ workflow: 'check', className: 'Warehouse', recorded: ['inspect'] }],
    expected: [
      {
        workflow: 'check',
        className: 'Warehouse',
        line: 'def check(self):',
        kind: 'workflow-renamed',
        severity: 'notice',
        says: ['Depot.check'],
      },
    ],
  }),
  change(
    'renames the function around a workflow',
    'nightly.py',
    [
      ['def make_report(', 'def new_report('],
      ['= make_report(', '= new_report('],
    ],
    {
      inFlight: [{ workflow: 'make_report.<locals>.report', recorded: [] }],
      expected: [
        {
          workflow: 'make_report.<locals>.report',
          line: 'def report():',
          kind: 'workflow-renamed',
          severity: 'notice',
          says: ['new_report.<locals>.report'],
        },
      ],
    },
  ),
];

const elsewhere: readonly Change[] = [
  change('changes a function that an unchanged file registers', 'emails.py', [['"writeReceipt"', '"composeReceipt"']], {
    inFlight: [{ workflow: 'send_receipt', recorded: ['writeReceipt'] }],
    expected: [
      {
        workflow: 'send_receipt',
        line: 'def send_receipt(to):',
        kind: 'step-removed',
        severity: 'notice',
        isProbable: true,
        says: ['writeReceipt'],
      },
    ],
  }),
  {
    title: 'changes a function that another changed file registers under another name',
    after: {
      'emails.py': [['    DBOS.sleep(0.01)\n', '']],
      'register.py': [['receipts =', '# Mails of the shop.\nreceipts =']],
    },
    inFlight: [{ workflow: 'remind', recorded: ['DBOS.sleep'] }],
    expected: [
      {
        workflow: 'remind',
        line: 'def send_reminder(to):',
        kind: 'step-removed',
        severity: 'notice',
        isProbable: true,
        says: ['DBOS.sleep'],
      },
    ],
  },
];

const said: readonly Change[] = [
  change(
    'is accepted above the decorators',
    'orders.py',
    [
      [PACK, ''],
      [
        '@DBOS.workflow()\ndef check_out',
        '# drain-gate: accept 1.0.0 is retired first\n@DBOS.workflow()\ndef check_out',
      ],
    ],
    {
      inFlight: [checkOut(4)],
      sameVersion: true,
      expected: [],
      accepted: ['1.0.0 is retired first'],
    },
  ),
  change('is accepted in the body', 'orders.py', [[PACK, '    # drain-gate: accept nobody waits for a box\n']], {
    inFlight: [checkOut(4)],
    expected: [],
    accepted: ['nobody waits for a box'],
  }),
  change('computes the name of a step', 'orders.py', [['{"name": NOTICE}', '{"name": f"{NOTICE} {order}"}']], {
    inFlight: [checkOut(4)],
    expected: [],
    limits: ['Names that the code computes'],
  }),
  change('calls a step by a computed name', 'orders.py', [[PACK, '    globals()["pa" + "ck"](order)\n']], {
    inFlight: [checkOut(3)],
    expected: [],
    limits: ['Calls by a computed name'],
  }),
  change('puts a step under a condition', 'orders.py', [[PACK, `    if order["cents"] > 10:\n    ${PACK}`]], {
    inFlight: [checkOut(4)],
    expected: [],
    limits: ['Under other conditions'],
  }),
  change('breaks the text', 'orders.py', [[CHECK_OUT_LINE, `${CHECK_OUT_LINE} ][ = ;`]], {
    inFlight: [checkOut(4)],
    expected: [],
    limits: ['the grammar does not know'],
  }),
];

export const CHANGES: readonly Change[] = [
  ...nothing,
  ...removed,
  ...moved,
  ...patches,
  ...gone,
  ...elsewhere,
  ...said,
];
