import { readFileSync } from 'node:fs';
import vm from 'node:vm';

/*
 * Mermaid's own reader of charts, in the release that GitHub had when this was written (a block `mermaid` with `info` in
 * it shows which; github.com/toppair/peek.nvim/pull/90). The package is Mermaid without its largest diagrams.
 */

/** The whole of Mermaid as one script, for pages. */
export const SCRIPT = readFileSync(
  new URL('./node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js', import.meta.url),
  'utf8',
);

/** What Mermaid reads in an `xychart`, as far as tests need it. */
export interface XYChart {
  readonly xAxis: { readonly type: string; readonly title: string; readonly categories: readonly string[] };
  readonly yAxis: {
    readonly type: string;
    readonly title: string;
    readonly min: number;
    readonly max: number;
  };
  readonly plots: readonly {
    readonly type: string;
    readonly fill: string;
    readonly data: readonly (readonly [label: string, value: number | undefined])[];
  }[];
}

interface Mermaid {
  parse(text: string): Promise<{ readonly diagramType: string }>;
  readonly mermaidAPI: {
    getDiagramFromText(text: string): Promise<{ readonly db: { getXYChartData(): XYChart } }>;
  };
}

/** @throws when Mermaid does not take the text for an `xychart` */
export async function xyChartIn(text: string): Promise<XYChart> {
  const { parse, mermaidAPI } = mermaid();
  const { diagramType } = await parse(text);
  if (diagramType !== 'xychart') throw new Error(`Mermaid takes this for a diagram of type ${diagramType}.`);
  // To be copied: objects of another realm equal none of this one.
  return structuredClone((await mermaidAPI.getDiagramFromText(text)).db.getXYChartData());
}

let loaded: Mermaid | undefined;

function mermaid(): Mermaid {
  if (loaded !== undefined) return loaded;
  // As much of a page as its HTML filter, DOMPurify, asks for before it lets text without HTML pass.
  const window = { document: { nodeType: 9, createElement: () => ({}) }, Element: class {} };
  const realm: { mermaid?: Mermaid } & Record<string, unknown> = { window, structuredClone, console };
  vm.runInContext(SCRIPT, vm.createContext(realm));
  if (realm.mermaid === undefined) throw new Error('The script does not define Mermaid.');
  loaded = realm.mermaid;
  return loaded;
}
