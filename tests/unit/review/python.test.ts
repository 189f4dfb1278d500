import { describe, expect, test } from 'vitest';
import type { Guard, RecordedCall, SourceFunction } from '../../../src/review/source/definition.ts';
import { readPython } from '../../../src/review/source/python/index.ts';

const IMPORTS =
  'import asyncio, dbos, functools\nfrom dbos import DBOS, Queue\nfrom payments import charge, options\nfrom json import dumps\n';
const DEFINITIONS = `
@DBOS.step()
def pack(): work()

@DBOS.step(name="stick-label")
async def label(): await work()

@DBOS.workflow()
def child(): pass

@DBOS.workflow(name="kid")
async def named_child(): pass

jobs = Queue("jobs")

def renamed(): work()
renamed = DBOS.step(name="later")(renamed)

def bound(): pass
bound = DBOS.workflow(name="bound again")(bound)

@DBOS.workflow(name=computed())
def nameless(): pass
`;

const guardText = ({ kind, patch, isTaken }: Guard) => (kind === 'patch' ? `${isTaken ? '' : '!'}${patch}` : kind);
const callText = ({ kind, name, guards }: RecordedCall) => [`${kind} ${name}`, ...guards.map(guardText)].join(' < ');

/** The workflow `main` with this body, in a file that has steps and workflows. */
function main(body: string, more = ''): SourceFunction {
  const lines = body.replaceAll('\n', '\n    ');
  const file = readPython(
    `${IMPORTS}${DEFINITIONS}${more}\n@DBOS.workflow()\nasync def main(order, n):\n    ${lines}\n`,
  );
  const workflow = file.workflows.find(({ localName }) => localName === 'main');
  if (workflow === undefined) throw new Error('There is no main.');
  return workflow;
}
const calls = (body: string, more = '') => main(body, more).calls.map(callText);
const notes = (body: string, more = '') => main(body, more).notFollowed.map(({ why, name }) => `${why} ${name ?? ''}`);
const names = (text: string) =>
  readPython(text).workflows.map(({ workflow: { name, className } }) => `${name} of ${className}`);

describe('names of workflows', () => {
  test.each([
    ['from dbos import DBOS\n@DBOS.workflow()\ndef f(): pass', 'f of null'],
    ['from dbos import DBOS as D\n@D.workflow(name="g")\nasync def f(): pass', 'g of null'],
    ['import dbos\n@dbos.DBOS.workflow(max_recovery_attempts=3)\ndef f(): pass', 'f of null'],
    ['import dbos as d\n@d.DBOS.workflow()\ndef f(): pass', 'f of null'],
    ['\ufefffrom .setup import *\n\f\n@DBOS.workflow()\ndef f(): pass', 'f of null'],
    ['from .setup import dbos\n@dbos.workflow()\ndef f(): pass', 'f of null'],
    ['from dbos import DBOS\napp = DBOS(config=c)\n@app.workflow()\ndef f(): pass', 'f of null'],
    ['from dbos import DBOS\ndurable = DBOS.workflow(name="g")\n@durable\ndef f(): pass', 'g of null'],
    ['from dbos import DBOS\ndurable = DBOS.workflow\n@durable()\ndef f(): pass', 'f of null'],
    ['from dbos import DBOS\n@DBOS.workflow(name=r"a\\n")\ndef f(): pass', 'a\\n of null'],
    ['from dbos import DBOS\nNAME = "g"\n@DBOS.workflow(name=NAME)\ndef f(): pass', 'g of null'],
    ["from dbos import DBOS\n@DBOS.workflow(name=f'g' 'h')\ndef f(): pass", 'gh of null'],
    ['from dbos import DBOS\n@DBOS.workflow(name="\\u0067\\n")\ndef f(): pass', 'g\n of null'],
    ['from dbos import DBOS\n@app.get("/")\n@DBOS.workflow()\n@retry(3)\ndef f(): pass', 'f of null'],
    ['from dbos import DBOS\ndef g():\n  @DBOS.workflow()\n  def f(): pass', 'g.<locals>.f of null'],
    ['from dbos import DBOS\ndef f(): pass\nh = DBOS.workflow()(f)', 'f of null'],
    ['from dbos import DBOS\ndef f(): pass\nf = DBOS.workflow(name="g")(f)', 'g of null'],
    ['from dbos import DBOS\nclass A:\n  @staticmethod\n  @DBOS.workflow()\n  def f(x): pass', 'A.f of null'],
    ['from dbos import DBOS\n@DBOS.dbos_class()\nclass A:\n  @DBOS.workflow()\n  def f(self): pass', 'A.f of A'],
    [
      'from dbos import DBOS\n@DBOS.dbos_class()\nclass A:\n  @staticmethod\n  @DBOS.workflow()\n  def f(x): pass',
      'A.f of null',
    ],
    [
      'from dbos import DBOS\n@DBOS.dbos_class("B")\nclass A:\n  @DBOS.workflow(name="g")\n  def f(self): pass',
      'g of B',
    ],
    [
      'from dbos import DBOS\n@DBOS.dbos_class()\nclass A:\n  @classmethod\n  @DBOS.workflow()\n  def f(cls): pass',
      'A.f of A',
    ],
    [
      'from dbos import DBOS\nclass A:\n  class B:\n    @staticmethod\n    @DBOS.workflow()\n    def f(): pass',
      'A.B.f of null',
    ],
    [
      'from dbos import DBOS\nif x:\n  @DBOS.workflow()\n  def f(): pass\nelse:\n  @DBOS.workflow()\n  def f(): g()',
      'f of null',
    ],
    [
      'from dbos import DBOS\nif TYPE_CHECKING:\n  @DBOS.workflow()\n  def g(): pass\nelse:\n  @DBOS.workflow()\n  def f(): g()',
      'f of null',
    ],
    ['from dbos import DBOS\ntry:\n  import x\nexcept ImportError:\n  @DBOS.workflow()\n  def f(): pass', 'f of null'],
    ['from dbos import DBOS\r\n@DBOS.workflow()\r\ndef f():\r\n\tpass\r\n', 'f of null'],
    [
      'from dbos import DBOS\ndef d(f):\n  @functools.wraps(f)\n  def w(): pass\n  return w\n@DBOS.workflow()\n@d\ndef f(): pass',
      'f of null',
    ],
  ])('are those of the database: %j', (text, name) => {
    expect(names(text)).toEqual([name]);
  });

  test.each([
    ['a computed name', '@DBOS.workflow(name=prefix + "f")\ndef f(): DBOS.sleep(1)'],
    ['a format string', '@DBOS.workflow(name=f"{prefix}f")\ndef f(): DBOS.sleep(1)'],
    ['spread options', '@DBOS.workflow(**options)\ndef f(): DBOS.sleep(1)'],
    ['a decorator that registers by itself', 'def d(f): return DBOS.workflow()(f)\n@d\ndef f(): DBOS.sleep(1)'],
    [
      'a wrapper that hides the name',
      'def d(f):\n  def w(): pass\n  return w\n@DBOS.workflow()\n@d\ndef f(): DBOS.sleep(1)',
    ],
    [
      'a class with a computed name',
      '@DBOS.dbos_class(prefix)\nclass A:\n  @DBOS.workflow()\n  def f(self): DBOS.sleep(1)',
    ],
  ])('are no guesses: %s', (_title, text) => {
    const file = readPython(`from dbos import DBOS\n${text}`);
    expect(file.workflows).toEqual([]);
    expect(file.notFollowed.map(({ why }) => why)).toContain('computed-name');
    expect(file.functions.map(({ localName }) => localName)).toContainEqual(expect.stringMatching(/f$/));
  });

  test('of two definitions with one name, the last counts, and that is noted', () => {
    const file = readPython(
      'from dbos import DBOS\nif x:\n @DBOS.workflow()\n def f(): pass\nelse:\n @DBOS.workflow()\n def f(): DBOS.sleep(1)',
    );
    expect(file.workflows.map((one) => one.calls.map(callText))).toEqual([['sleep DBOS.sleep']]);
    expect(file.notFollowed).toEqual([{ line: 7, why: 'dispatch', name: 'f' }]);
  });

  test.each([
    ['from .orders import check_out as out\nDBOS.workflow()(out)', '.orders', 'check_out', 'check_out'],
    ['from . import orders\nDBOS.workflow(name="out")(orders.check_out)', '.orders', 'check_out', 'out'],
    ['import shop.orders\nw = DBOS.workflow(name=x)(shop.orders.check_out)', 'shop.orders', 'check_out', undefined],
  ])('of functions from other files are registrations: %j', (text, from, importedName, name) => {
    const file = readPython(`from dbos import DBOS\n${text}`);
    const workflow = name === undefined ? undefined : { name, className: null };
    expect(file.registrations).toEqual([{ from, importedName, line: 3, workflow }]);
  });

  test('functions that record, and that nothing here registers, are for other files', () => {
    const file = readPython(
      'from dbos import DBOS\nfrom x import y\nclass A:\n  def f(self): y()\ndef g():\n  def inside(): DBOS.sleep(1)\n  inside()\ndef h(): len(x)\n@DBOS.step()\ndef s(): y()',
    );
    expect(file.functions.map(({ localName }) => localName)).toEqual(['A.f', 'g']);
  });

  test('the lines are those of the definition, of its decorators and of its name', () => {
    const text =
      'from dbos import DBOS\n\n@other\n@DBOS.workflow()\n# why\nasync def f(\n  a,\n):\n  DBOS.sleep(1)\n\nx = 1\n';
    expect(readPython(text).workflows).toMatchObject([{ line: 3, nameLine: 6, endLine: 9, calls: [{ line: 9 }] }]);
  });
});

describe('what a body records', () => {
  test.each([
    ['pack()', ['step pack']],
    ['await label()', ['step stick-label']],
    ['DBOS.run_step(None, pack)', ['step pack']],
    ['DBOS.run_step(None, label)', ['step label']],
    ['DBOS.run_step({"name": "weigh"}, lambda: pack())', ['step weigh']],
    ['DBOS.run_step(dbos.StepOptions(name="weigh"), pack)', ['step weigh']],
    ['options = {"name": "weigh"}\nDBOS.run_step(options, pack)', ['step weigh']],
    ['DBOS.run_step({"name": ""}, pack)', ['step pack']],
    ['DBOS.run_step({}, lambda: pack())', ['step main.<locals>.<lambda>']],
    ['def inside(): pack()\nawait DBOS.run_step_async({}, inside)', ['step main.<locals>.inside']],
    ['@DBOS.step()\ndef inside(): pack()\ninside()', ['step main.<locals>.inside']],
    ['DBOS.run_step({}, charge)', ['step charge']],
    ['DBOS.step(name="weigh")(work)()\nw = DBOS.step()(pack)\nw()', ['step pack']],
    ['DBOS.sleep(1); DBOS.sleep(0)', ['sleep DBOS.sleep']],
    ['await DBOS.recv_async("t")', ['receive DBOS.recv']],
    ['DBOS.get_event(i, "k"); DBOS.set_event("k", 1)', ['event DBOS.getEvent', 'other DBOS.setEvent']],
    ['DBOS.send(i, 1); DBOS.send_bulk([])', ['other DBOS.send', 'other DBOS.send_bulk']],
    [
      'DBOS.write_stream("s", 1)\nfor v in DBOS.read_stream(i, "s"): pass',
      ['other DBOS.writeStream', 'other DBOS.readStream < loop'],
    ],
    ['child()', ['child child', 'other DBOS.getResult']],
    ['h = await DBOS.start_workflow_async(named_child)\nawait h.get_result()', ['child kid', 'other DBOS.getResult']],
    [
      'hs = []\nfor i in n:\n  hs.append(jobs.enqueue(child, i))\nfor h in hs: h.get_result()\nhs[0].get_status()',
      ['child child < loop', 'other DBOS.getResult < loop', 'other DBOS.getStatus'],
    ],
    [
      'hs = [jobs.enqueue(child) for _ in n]\nfor h in hs: h.get_status()',
      ['child child < loop', 'other DBOS.getStatus < loop'],
    ],
    ['DBOS.start_workflow(pack)', ['child <temp>.pack']],
    ['DBOS.start_workflow(charge)', ['call charge']],
    ['order.queue.enqueue(child)', ['child child']],
    ['DBOS.enqueue_workflow("jobs", child)', ['child child']],
    ['DBOS.enqueue_workflow_with_options({"workflow_name": "kid", "queue_name": "q"})', ['child kid']],
    [
      'dbos.Debouncer.create(child).debounce("k", 1)',
      ['other DBOS.debounce_delayed_workflow', 'child child < condition'],
    ],
    ['DBOS.retrieve_workflow(i)\nDBOS.retrieve_workflow(i, False)', ['other DBOS.getStatus']],
    ['DBOS.fork_workflow(i, 1)', ['other DBOS.forkWorkflow', 'other DBOS.getStatus']],
    ['dumps(pack())', ['step pack']],
    ['charge(order)\nlen(order); order.items(); DBOS.logger.info("x")', ['call charge']],
    ['order.shop.reserve()', ['call reserve']],
    ['await asyncio.to_thread(pack)', ['step pack']],
    ['await asyncio.gather(label(), DBOS.sleep_async(1))', ['step stick-label', 'sleep DBOS.sleep']],
    ['t = asyncio.create_task(label())\nawait t', ['step stick-label']],
    ['await DBOS.asyncio_wait([label()])', ['other DBOS.asyncio_wait', 'step stick-label']],
    ['f = functools.partial(pack, 1)\nf()', ['step pack']],
    ['list(map(pack, n))', ['step pack < loop']],
    ['await order.get()\norder.get()', ['call get']],
    ['DBOS.create_schedule(workflow_fn=child, schedule="x")', ['other DBOS.createSchedule']],
    ['order.handle.get_result()', ['other DBOS.getResult']],
    ['DBOS.run_step(None, renamed)', ['step renamed']],
    ['renamed()', ['step later']],
    ['bound()', ['child bound again', 'other DBOS.getResult']],
  ])('%j', (body, expected) => {
    expect(calls(body)).toEqual(expected);
  });

  test('methods of the class, of its bases and of instances are followed', () => {
    const text = `from dbos import DBOS
class Base:
  def audit(self): DBOS.set_event("a", 1)
@DBOS.dbos_class()
class Shop(Base):
  def __init__(self, other):
    self.helper = Helper()
  @DBOS.step()
  def pack(self): pass
  @staticmethod
  @DBOS.step(name="tape")
  def tape(): pass
  @classmethod
  def both(cls): cls.tape()
  @DBOS.workflow()
  def main(self):
    self.pack(); Shop.tape(); self.both(); self.audit(); self.helper.help(); super().audit(); self.unknown()
class Helper:
  def help(self): DBOS.sleep(1)
`;
    expect(readPython(text).workflows.map((one) => one.calls.map(callText))).toEqual([
      [
        'step Shop.pack',
        'step tape',
        'step tape',
        'other DBOS.setEvent',
        'sleep DBOS.sleep',
        'other DBOS.setEvent',
        'call unknown',
      ],
    ]);
  });

  test('transactions of datasources and of older releases are steps', () => {
    const text = `from dbos import DBOS, SQLAlchemyDatasource
from .db import other
ds = SQLAlchemyDatasource.create(url)
@ds.transaction
def a(): pass
@ds.transaction(name="bb")
def b(): pass
@DBOS.transaction()
def c(): pass
@other.transaction
def d(): pass
@DBOS.workflow()
def main():
  a(); b(); c(); d(); ds.run_tx_step({"name": "e"}, a); other.run_tx_step(None, a)
`;
    const [main] = readPython(text).workflows;
    expect(main?.calls.map(callText)).toEqual(['step a', 'step bb', 'step c', 'call d', 'step e', 'step a']);
  });

  test('the order is that of evaluation', () => {
    expect(calls('charge(pack(), a=label()).then(child())')).toEqual([
      'step pack',
      'step stick-label',
      'call charge',
      'child child',
      'other DBOS.getResult',
      'call then',
    ]);
    expect(calls('pack() if child() else label()')).toEqual([
      'child child',
      'other DBOS.getResult',
      'step pack < condition',
      'step stick-label < condition',
    ]);
    expect(calls('order[pack()] = label()')).toEqual(['step stick-label', 'step pack']);
    expect(calls('x = [pack() for a in child() if label()]')).toEqual([
      'child child',
      'other DBOS.getResult',
      'step stick-label < loop',
      'step pack < loop < condition',
    ]);
  });

  test('functions of the file stand in the place of their call, with its line and its guards', () => {
    const helper = '\ndef helper(x):\n    if x: pack()\n    return lambda: DBOS.sleep(1)\n';
    expect(calls('for a in n: helper(a)', helper)).toEqual([
      'step pack < loop < condition',
      'sleep DBOS.sleep < loop < loop',
    ]);
    expect(calls('f = lambda x: pack()\nf(1)')).toEqual(['step pack']);
    expect(main('helper(1)', helper).calls.map(({ line }) => line)).toEqual([30, 31]);
  });
});

describe('guards', () => {
  test.each([
    [
      'if n: pack()\nelif child(): pack()\nelse: pack()',
      [
        'step pack < condition',
        'child child < condition',
        'other DBOS.getResult < condition',
        'step pack < condition',
        'step pack < condition',
      ],
    ],
    ['while n: pack()\nelse: label()', ['step pack < loop', 'step stick-label < condition']],
    ['async for a in child(): pack()', ['child child', 'other DBOS.getResult', 'step pack < loop']],
    [
      'try:\n  pack()\n  return\nexcept E: label()\nDBOS.sleep(1)',
      ['step pack', 'step stick-label < condition', 'sleep DBOS.sleep < condition'],
    ],
    ['try: pack()\nexcept E: pass\nelse: return\nlabel()', ['step pack', 'step stick-label < condition']],
    [
      'try: raise pack()\nexcept E: label()\nDBOS.sleep(1)',
      ['step pack', 'step stick-label < condition', 'sleep DBOS.sleep'],
    ],
    ['try: return pack()\nfinally: label()\nDBOS.sleep(1)', ['step pack', 'step stick-label', 'sleep DBOS.sleep']],
    [
      'try: pack()\nexcept E: label()\nelse: child\nfinally: DBOS.sleep(1)',
      ['step pack', 'step stick-label < condition', 'sleep DBOS.sleep'],
    ],
    [
      'match n:\n  case 1 if pack(): label()\n  case _: label()',
      ['step pack < condition', 'step stick-label < condition', 'step stick-label < condition'],
    ],
    ['n and pack()\nn or label()', ['step pack < condition', 'step stick-label < condition']],
    ['with order.lock() as x: pack()', ['call lock', 'step pack']],
    ['if n: return\npack()', ['step pack']],
    ['f"{pack()}"', ['step pack']],
    ['retry(lambda: pack())', ['step pack < loop']],
  ])('%j', (body, expected) => {
    expect(calls(body)).toEqual(expected);
  });

  const patch = 'patch DBOS.patch-x';
  const [NEW, OLD, AND] = ['step pack < x', 'step stick-label < !x', 'step pack < condition < x'];
  const [EITHER, REVERSED] = [
    [NEW, OLD],
    [OLD, NEW],
  ];
  test.each([
    ['if DBOS.patch("x"): pack()\nelse: label()', [patch, 'step pack < x', 'step stick-label < !x']],
    ['if not DBOS.patch("x"): label()', [patch, 'step stick-label < !x']],
    [
      'if await DBOS.patch_async(patch_name="x"):\n  pack()\n  return\nlabel()',
      [patch, 'step pack < x', 'step stick-label < !x'],
    ],
    ['if DBOS.patch("x"): pass\nelse: return label()\npack()', [patch, 'step stick-label < !x', 'step pack < x']],
    ['new = DBOS.patch("x")\nlabel()\nif new: pack()', [patch, 'step stick-label', 'step pack < x']],
    [
      'if (new := DBOS.patch("x")) and n: pack()\nelse: label()',
      [patch, 'step pack < x < condition', 'step stick-label < condition'],
    ],
    ['pack() if DBOS.patch("x") else label()', [patch, 'step pack < x', 'step stick-label < !x']],
    ['DBOS.patch("x") and pack()', [patch, 'step pack < x']],
    [
      'for a in n:\n  if DBOS.patch("x"): continue\n  pack()\nlabel()',
      [`${patch} < loop`, 'step pack < loop < !x', 'step stick-label'],
    ],
    ['if DBOS.deprecate_patch("x"): pack()\nelse: label()', ['deprecated-patch DBOS.patch-x', 'step pack']],
    ['new = DBOS.patch("x")\nnew = n\nif new: pack()', [patch, 'step pack < condition']],
    ['NAME = "x"\nif DBOS.patch(NAME): pack()', [patch, 'step pack < x']],
    ['DBOS.deprecate_patch("x") or label()', ['deprecated-patch DBOS.patch-x']],
    ['DBOS.sleep(1) or label()', ['sleep DBOS.sleep', 'step stick-label < condition']],
    ['if DBOS.set_event("x", 1): pack()', ['other DBOS.setEvent', 'step pack < condition']],
    ['new = False\nnew = DBOS.patch("x")\nif new: pack()\nelse: label()', [patch, ...EITHER]],
    [
      'new: bool = False\nif n: raise E\nnew = DBOS.patch("x")\nif not new: return label()\npack()',
      [patch, ...REVERSED],
    ],
    ['if n: new = DBOS.patch("x")\nelse: new = False\nif new: pack()', [`${patch} < condition`, AND]],
    ['new = False\nif n: new = DBOS.patch("x")\nif new: pack()', [`${patch} < condition`, AND]],
    ['new = DBOS.patch("x") if n else False\nif new: pack()', [`${patch} < condition`, AND]],
    [
      'new = n\nif n: new = DBOS.patch("x")\nelif n > 1: return\nelse: new = DBOS.patch("x")\nif new: pack()\nelse: label()',
      [`${patch} < condition`, `${patch} < condition`, ...EITHER],
    ],
    ['new = False; new |= DBOS.patch("x")\nif new: pack()\nelse: label()', [patch, ...EITHER]],
    ['new = False\nnew = new or DBOS.patch("x")\nif new: pack()', [patch, 'step pack < x']],
    ['try: new = DBOS.patch("x")\nexcept E: raise\nif new: pack()\nelse: label()', [patch, ...EITHER]],
    ['new = None\nnew, m = DBOS.patch("x"), n\nif new is True: pack()\nif new == False: label()', [patch, ...EITHER]],
    ['m, new = await asyncio.gather(n, DBOS.patch_async("x"))\nif bool(new): pack()', [patch, 'step pack < x']],
    ['while DBOS.patch("x"): pack()', [`${patch} < loop`, 'step pack < loop < x']],
    ['def new(): return DBOS.patch("x")\nif new(): pack()\nelse: label()', [patch, ...EITHER]],
    // What the text does not say is a condition.
    ['new = DBOS.patch("x")\nfor a in n:\n  if new: pack()\n  new = a', [patch, 'step pack < loop < condition']],
    ['new = DBOS.patch("x")\nwith n: new = n\nif new: pack()', [patch, 'step pack < condition']],
    ['try: new = DBOS.patch("x")\nexcept E: new = n\nif new: pack()', [patch, 'step pack < condition']],
    ['new = DBOS.patch("x")\nfor new in n: pass\nif new: pack()', [patch, 'step pack < condition']],
    [
      'new = DBOS.patch("x")\ndef f():\n  nonlocal new\n  new = n\nf()\nif new: pack()',
      [patch, 'step pack < condition'],
    ],
    [
      'def f():\n  nonlocal new\n  new = n\nnew = DBOS.patch("x")\nf()\nif new: pack()',
      [patch, 'step pack < condition'],
    ],
    ['new = n\ntry: new = DBOS.patch("x")\nexcept E: pass\nif new: pack()', [patch, 'step pack < condition']],
    ['new = n\nnew, *m = [DBOS.patch("x")]\nif new: pack()', [patch, 'step pack < condition']],
  ])('of patches: %j', (body, expected) => {
    expect(calls(body)).toEqual(expected);
  });
});

describe('what the text does not tell', () => {
  test.each([
    ['DBOS.run_step({"name": f"a{n}"}, pack)', 'step undefined', 'computed-name '],
    ['DBOS.run_step({**n}, pack)', 'step undefined', 'computed-name '],
    ['DBOS.run_step(n, pack)', 'step undefined', 'computed-name '],
    ['DBOS.run_step({}, n)', 'step undefined', 'computed-name '],
    ['DBOS.start_workflow(n)', 'child undefined', 'computed-name '],
    ['DBOS.start_workflow(nameless)', 'child undefined', 'computed-name '],
    ['DBOS.run_step(options(name="x"), pack)', 'call options+step undefined', 'computed-name '],
    ['jobs.enqueue(*n)', 'child undefined', 'computed-name '],
    ['if DBOS.patch(n): pass', 'patch undefined', 'computed-name DBOS.patch'],
    ['@DBOS.step(name=n)\ndef inside(): pass\ninside()', 'step undefined', 'computed-name inside'],
  ])('has no name: %j', (body, call, note) => {
    expect(calls(body)).toEqual(call.split('+'));
    expect(notes(body)).toEqual([note]);
  });

  test.each([
    ['STEPS[n]()', 'dispatch '],
    ['getattr(order, n)()', 'dispatch '],
    ['n()', 'dispatch '],
    ['if n: f = pack\nelse: f = label\nf()', 'dispatch '],
    [`${'f = pack\n'.repeat(60)}f()`, 'dispatch '],
    ['f = pack if n else label\nf()', 'dispatch '],
    ['for f in (pack, label): f()', 'dispatch '],
  ])('is noted: %j', (body, note) => {
    expect(calls(body)).toEqual([]);
    expect(notes(body)).toEqual([note]);
  });

  test('is what a decorator of the file registers', () => {
    const more = '\ndef durable(f): return DBOS.step(name=f.__name__)(f)\n@durable\ndef wrapped(): DBOS.sleep(1)\n';
    expect(calls('wrapped()', more)).toEqual(['step undefined']);
    expect(notes('wrapped()', more)).toEqual(['computed-name wrapped']);
  });

  test('is what a registration by a computed name registers', () => {
    const file = readPython('from dbos import DBOS\nDBOS.workflow()(ALL[0])\n');
    expect(file.notFollowed).toEqual([{ line: 2, why: 'computed-name', name: 'DBOS.workflow' }]);
  });

  test('is not what a class names around a method', () => {
    const more = '\nclass Box:\n    pack = None\n    def close(self): pack()\n';
    expect(calls('Box().close()', more)).toEqual(['step pack']);
  });

  test('has the line of its name', () => {
    expect(main('(order\n  .first()\n  .second())').calls.map(({ line }) => line)).toEqual([32, 33]);
  });

  test('is not what `global` puts into the module', () => {
    expect(calls('alias()', '\nalias = None\ndef connect():\n    global alias\n    alias = pack\n')).toEqual([
      'step pack',
    ]);
  });

  const helpers = `
async def b(): await DBOS.run_step_async({"name": "b"}, pack)
async def c(): await DBOS.run_step_async({"name": "c"}, pack)
async def h():
  await DBOS.run_step_async({"name": "h1"}, pack)
  await DBOS.run_step_async({"name": "h2"}, pack)
def later(): return h()
@DBOS.workflow()
async def w(): pass
async def quiet(): pass
`;
  const order = (statements: string) => {
    const { calls, notFollowed } = main(statements, helpers);
    const names = calls.map(({ name = '' }) => (name === 'DBOS.getResult' ? 'r' : name.replace('DBOS.', '')));
    return [...names, ...notFollowed.map(({ why }) => `(${why})`)].join(' ');
  };

  // All orders that are certain were run, with Python 2.16, 2.30 and 3.4.
  test.each([
    ['p = b()\nawait c()\nawait p', 'c b'],
    ['p = asyncio.create_task(b())\nawait c()\nawait p', 'c b'],
    ['p = h()\nawait b()\nawait p', 'b h1 h2'],
    ['p = asyncio.create_task(h())\nawait b()\nawait p\nawait c()', 'b h1 h2 c'],
    ['p = asyncio.create_task(h())\nawait b()\nawait c()\nawait p', 'b h1 c h2 (concurrent)'],
    ['await asyncio.gather(b(), c(), DBOS.sleep_async(1))', 'b c sleep'],
    ['p = b()\nq = c()\nawait DBOS.sleep_async(1)\nawait asyncio.gather(q, p)', 'sleep c b'],
    ['await asyncio.gather(h(), b())\nawait c()', 'h1 b h2 c'],
    ['await asyncio.gather(h(), h())', 'h1 h1 h2 h2 (concurrent)'],
    ['await asyncio.gather(*[h() for a in n])\nawait c()', 'h1 h2 c (concurrent)'],
    ['await asyncio.gather(*[b() for a in n])\nawait c()', 'b c'],
    ['p = [h(), b()]\nawait asyncio.gather(*p)\nawait c()', 'h1 b h2 c'],
    ['await asyncio.gather(w(), b(), w())', 'w r b w r'],
    ['p = w()\nawait b()\nawait p\nawait b()', 'b w r b'],
    ['p = asyncio.create_task(w())\nawait b()\nawait p\nawait b()', 'b w r b'],
    ['p = DBOS.start_workflow_async(w)\nawait b()\nk = await p\nawait c()\nawait k.get_result()', 'b w c r'],
    ['p = DBOS.recv_async("t", 1)\nawait b()\nawait p', 'b recv'],
    ['await asyncio.gather(DBOS.recv_async("t", 1), b())', 'recv b'],
    ['p = DBOS.run_step_async({"name": "x"}, pack)\nawait b()\nawait p', 'b x'],
    ['p = asyncio.to_thread(DBOS.sleep, 1)\nawait b()\nawait p', 'b sleep'],
    [
      'async with asyncio.TaskGroup() as g:\n  g.create_task(b())\n  g.create_task(DBOS.sleep_async(1))\n  await c()',
      'c b sleep',
    ],
    ['async with asyncio.TaskGroup() as g:\n  g.create_task(h())\n  g.create_task(b())\nawait c()', 'h1 b h2 c'],
    [
      'p = asyncio.ensure_future(b())\nq = asyncio.create_task(DBOS.sleep_async(1))\nawait q\nawait c()\nawait p',
      'b sleep c',
    ],
    ['await asyncio.wait_for(b(), 5)\nawait c()', 'b c'],
    ['p = [asyncio.create_task(b()), asyncio.create_task(c())]\nawait DBOS.asyncio_wait(p)', 'asyncio_wait b c'],
    ['p = later()\nawait b()\nawait p', 'h1 h2 b'],
    ['p = b()\nif n: await p\nawait c()', 'c b (concurrent)'],
    ['p = asyncio.create_task(b())\nawait n.other()\nawait c()\nawait p', 'other b c (concurrent)'],
    ['p = asyncio.create_task(h())\nawait b()', 'b h1 h2'],
    ['p = asyncio.create_task(b())\nawait quiet()\nawait c()\nawait p', 'c b'],
    ['p = b()\nreturn p', 'b'],
    ['await asyncio.wait([asyncio.create_task(h())], return_when=n)\nawait c()', 'h1 c h2 (concurrent)'],
  ])('calls come in the order in which they start: %j', (statements, expected) => {
    expect(order(statements)).toBe(expected);
  });

  test('recursion is cut', () => {
    const more = '\ndef odd(n): even(n)\ndef even(n):\n    pack()\n    odd(n)\n';
    expect(calls('odd(1)', more)).toEqual(['step pack']);
    expect(notes('odd(1)', more)).toEqual(['recursion odd']);
  });
});

describe('the fingerprint', () => {
  const of = (text: string) => readPython(`from dbos import DBOS\n${text}`).workflows[0]?.fingerprint;
  const base =
    'def helper(a): return a + 1\n@DBOS.step()\ndef pack(a): return a\n@DBOS.workflow()\ndef f(a, b=1):\n  x = helper(a)\n  return pack("x")\n';
  test.each([
    ['layout', base.replace('helper(a)\n', 'helper(\n    a,  # why\n  )\n\n')],
    ['parentheses', base.replace('x = helper(a)', 'x = (helper(a))')],
    ['quotes', base.replace('"x"', "'x'")],
    ['docstrings', base.replace('  x =', '  """Why."""\n  x =')],
    ['annotations', base.replace('(a, b=1)', '(a: int, b: str = 1) -> int').replace('x = ', 'y: int\n  x: int = ')],
    ['decorators and names', base.replace('()\ndef f(', '(name="g", max_recovery_attempts=2)\ndef g(')],
    ['the inside of a step', base.replace('return a\n', 'return a * 2\n')],
    ['Windows', base.replaceAll('\n', '\r\n').replaceAll('  ', '\t')],
    ['one line', base.replace('\n  return pack', '; return pack')],
  ])('is the same for other %s', (_what, text) => {
    expect(of(text)).toBe(of(base));
  });

  test.each([
    ['a call', base.replace('helper(a)', 'helper(b)')],
    ['a helper', base.replace('a + 1', 'a + 2')],
    ['a default', base.replace('b=1', 'b=2')],
    ['a string', base.replace('"x"', '"y"')],
    ['the name of a step', base.replace('DBOS.step()', 'DBOS.step(name="p")')],
    ['a function that becomes a step', base.replace('def helper', '@DBOS.step()\ndef helper')],
  ])('is another for %s', (_what, text) => {
    expect(of(text)).not.toBe(of(base));
  });

  test('leaves the inside of a step out that stands in the body', () => {
    const inside = (step: string) =>
      of(
        `@DBOS.workflow()\ndef f(a):\n  def one(): return ${step}\n  @DBOS.step()\n  def two(): return ${step}\n  DBOS.run_step({}, one)\n  DBOS.run_step({}, lambda: ${step})\n  two()\n`,
      );
    expect(inside('1')).toBe(inside('2'));
  });
});

describe('a comment that accepts', () => {
  test('is one of its file, too, wherever it stands', () => {
    const text = '# drain-gate: accept a one\nf()\nx = 1  # drain-gate: accept b two\n';
    expect(readPython(text).accepted).toEqual(['a one', 'b two']);
  });

  const accepted = (text: string) => readPython(`from dbos import DBOS\n${text}`).workflows.map((one) => one.accepted);
  test.each([
    ['@DBOS.workflow()\ndef f():\n  # drain-gate: accept moved\n  pass\n', 'moved'],
    ['# drain-gate: accept above\n@other\n@DBOS.workflow()\ndef f(): pass\n', 'above'],
    ['@DBOS.workflow()\n# drain-gate: accept between\ndef f(): pass\n', 'between'],
    ['@DBOS.workflow()\ndef f():\n  a()\n\n  # drain-gate: accept behind\nx = 1\n', 'behind'],
    ['@DBOS.workflow()\ndef f(): pass  # drain-gate: accept line\n', 'line'],
    ['@DBOS.workflow()\ndef f(): # drain-gate: accept\n  pass\n', ''],
    ['class A:\n\t# drain-gate: accept tab\n\t@staticmethod\n\t@DBOS.workflow()\n\tdef f(): pass\n', 'tab'],
    ['def g():\n  pass\n  # drain-gate: accept other\n@DBOS.workflow()\ndef f(): pass\n', undefined],
    ['# drain-gate: accept far\n\n@DBOS.workflow()\ndef f(): pass\n', undefined],
    ['@DBOS.workflow()\ndef f():\n  pass\n# drain-gate: accept outside\n', undefined],
    ['@DBOS.workflow()\ndef f():\n  "# drain-gate: accept text"\n', undefined],
  ])('%j', (text, reason) => {
    expect(accepted(text)).toEqual([reason]);
  });
});

describe('text that the grammar has trouble with', () => {
  const read = (text: string) => readPython(`from dbos import DBOS\n@DBOS.workflow()\ndef f():\n  ${text}\n`);
  test.each([
    ['yield\n  DBOS.sleep(1)', ['DBOS.sleep']],
    ['x = yield\n  DBOS.sleep(1)', ['DBOS.sleep']],
    [
      'with (\n    DBOS.recv() as a,\n    DBOS.get_event(1, "k"),\n  ):\n    DBOS.sleep(1)\n  DBOS.send(1, 2)',
      ['DBOS.recv', 'DBOS.getEvent', 'DBOS.sleep', 'DBOS.send'],
    ],
    ['with (DBOS.recv() as a):\n    DBOS.sleep(1)', ['DBOS.recv', 'DBOS.sleep']],
    ['match DBOS.recv():\n    case A() | str() as s: DBOS.sleep(1)', ['DBOS.recv', 'DBOS.sleep']],
    ['match = DBOS.recv()\n  type = match.x', ['DBOS.recv']],
    ['x = f"{DBOS.recv()["a"]}"', ['DBOS.recv']],
    ['with open(1) as (\n    first,\n    second,\n  ):\n    DBOS.sleep(1)\n  DBOS.recv()', ['DBOS.sleep', 'DBOS.recv']],
    ['async with open(1) as (a, (b, c)), open(DBOS.recv()):\n    DBOS.sleep(1)', ['DBOS.recv', 'DBOS.sleep']],
    ['match DBOS.recv(), 1:\n    case (Paid(), Card()): DBOS.sleep(1)', ['DBOS.recv', 'DBOS.sleep']],
    ['@handlers["first"].on\n  def inner(): pass\n  DBOS.sleep(1)', ['DBOS.sleep']],
  ])('is read all the same: %j', (text, expected) => {
    const file = read(text);
    expect(file.workflows[0]?.calls.map(({ name }) => name)).toEqual(expected);
    expect(file.workflows[0]?.notFollowed).toEqual([]);
    expect(file.hasErrors).toBe(false);
  });

  test.each(['print >>DBOS.recv(), 1', 'for x in *a, b:\n    pass', 'x = )'])('is noted: %j', (text) => {
    const file = read(text);
    expect(file.hasErrors).toBe(true);
    expect(file.notFollowed.map(({ why }) => why)).toContain('unreadable');
    expect(file.workflows[0]?.notFollowed.map(({ why }) => why)).toContain('unreadable');
  });

  test('what a context gives together is not known by its names', () => {
    const file = read('with open(1) as (first, second):\n    second()');
    expect(file.workflows[0]?.notFollowed).toMatchObject([{ why: 'dispatch' }]);
  });

  test('an error behind many that are none is noted', () => {
    const file = read(`${'yield\n  '.repeat(40)}x = )`);
    expect(file.notFollowed).toEqual([{ line: 44, why: 'unreadable' }]);
  });
});
