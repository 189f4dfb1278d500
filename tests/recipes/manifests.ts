import { filesOf, type RecipeFile, recipeNamed } from './recipe.ts';

/** The files of a page, and what it says that the repository has besides: manifests of Deployments. */
export function withManifests(name: string, ...paths: readonly string[]): readonly RecipeFile[] {
  const manifests = paths.map((path) => ({ path, language: 'yaml', text: 'metadata:\n  name: shop-VERSION\n' }));
  return [...filesOf(recipeNamed(name)), ...manifests];
}
