import { parseAllDocuments } from 'yaml';
import { filesOf, isWorkflow, isYaml, type Recipe, type RecipeFile } from './recipe.ts';
import { parseWorkflow } from './workflow.ts';

/** A piece of shell, and where it stands. */
export interface Shell {
  readonly where: string;
  readonly text: string;
}

/** All shell of a page: scripts, what somebody types, `run:` steps, and the commands in other YAML. */
export function shellsOf(recipe: Recipe): readonly Shell[] {
  const typed = recipe.blocks
    .filter(({ language }) => language === 'sh')
    .map(({ path = 'typed', text }, index) => ({ where: `${recipe.name}/${path}-${index}`, text }));
  return [...typed, ...filesOf(recipe).flatMap((file) => shellsOfFile(recipe.name, file))];
}

function shellsOfFile(recipe: string, file: RecipeFile): readonly Shell[] {
  if (!isYaml(file)) return [];
  const texts = isWorkflow(file)
    ? runsOf(file.text)
    : parseAllDocuments(file.text).flatMap((each) => scriptsIn(each.toJS()));
  return texts.map((text, index) => ({ where: `${recipe}/${file.path}-${index}`, text }));
}

function runsOf(text: string): readonly string[] {
  const { jobs } = parseWorkflow(text);
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
}

/** `script:` of GitLab, and what follows `sh -c` in a list of a Kubernetes manifest. */
function scriptsIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) {
    const texts = node.map((each) => (typeof each === 'string' ? each : ''));
    const flag = texts.findIndex(
      (each, index) => /^-\w*c$/.test(each) && /(^|\/)(ba)?sh$/.test(texts[index - 1] ?? ''),
    );
    return flag >= 0 && texts[flag + 1] ? [texts[flag + 1] ?? ''] : node.flatMap(scriptsIn);
  }
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    /^(before_|after_)?script$/.test(key) ? [[value].flat(Number.POSITIVE_INFINITY).join('\n')] : scriptsIn(value),
  );
}
