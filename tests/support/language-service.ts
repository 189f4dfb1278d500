import { readFileSync } from 'node:fs';
import { validate } from '@actions/languageservice';
import { parse } from 'yaml';
import { repositorySlug } from '../../scripts/repository.ts';

const SLUG = repositorySlug();

/** What GitHub's own language service says of a document, one line a problem. */
type Problems = Promise<readonly string[]>;

type Document = Parameters<typeof validate>[0];

let documents = 0;

/** The problems of an `action.yml`. */
export function problemsOfAction(text: string): Problems {
  return problems(documentAt('action.yml', text), undefined);
}

/**
 * The problems of a workflow. Steps that use this repository, by name or as `./`, which the service itself does not
 * look at, are held to the given `action.yml`, and those of the review to its own. Actions of GitHub, AWS and Google are beyond what a test can resolve.
 */
export async function problemsOfWorkflow(text: string, actionYml: string): Problems {
  const [gate, review] = [parse(actionYml), parse(readFileSync('review/action.yml', 'utf8'))];
  const fetchActionMetadata = async ({ owner, name, path }: { owner: string; name: string; path?: string }) =>
    `${owner}/${name}` === SLUG ? (path === 'review' ? review : gate) : undefined;
  const resolvable = text.replaceAll(/uses: \.\/$/gm, `uses: ${SLUG}@v1`);
  const found = await problems(documentAt('.github/workflows/example.yml', resolvable), {
    actionsMetadataProvider: { fetchActionMetadata },
  });
  return found.filter(
    (problem) => !/Unable to resolve action `(actions|aws-actions|github|google-github-actions)\//.test(problem),
  );
}

async function problems(document: Document, config: Parameters<typeof validate>[1]): Problems {
  const diagnostics = await validate(document, config);
  return diagnostics.map(({ message, range }) => `line ${range.start.line + 1}: ${message}`);
}

/** The service caches by URI, so that each document has its own; and it never asks for positions. */
function documentAt(path: string, text: string): Document {
  documents += 1;
  const unasked = () => {
    throw new Error('The language service asked for a position.');
  };
  return {
    uri: `file:///${documents}/${path}`,
    languageId: 'yaml',
    version: 1,
    lineCount: text.split('\n').length,
    getText: () => text,
    positionAt: unasked,
    offsetAt: unasked,
    getLineRange: unasked,
    getEOLCharacters: unasked,
  };
}
