import { describe, expect, it } from 'vitest';
import { sdkIn, sdkOf } from '../../src/dbos/sdk.ts';

describe('the language of the SDK', () => {
  it.each([
    ['js_superjson', 'TypeScript'],
    ['js_legacy', 'TypeScript'],
    ['py_pickle', 'Python'],
    ['DBOS_JSON', 'Go'],
    ['java_jackson', 'Java'],
    ['rust_serde', 'Rust'],
    ['portable_json', undefined],
    ["an application's own", undefined],
    [null, undefined],
  ])('is read from the serialization %s', (serialization, language) => {
    expect(sdkOf(serialization)?.language).toBe(language);
  });

  it('is that of all rows which name one, and none where they name several or no language', () => {
    expect(sdkIn(['py_pickle', null, 'portable_json', 'py_pickle'])?.language).toBe('Python');
    expect(sdkIn(['js_superjson', 'js_legacy'])?.language).toBe('TypeScript');
    expect(sdkIn(['py_pickle', 'js_superjson'])).toBeUndefined();
    expect(sdkIn(['portable_json', null])).toBeUndefined();
    expect(sdkIn([])).toBeUndefined();
  });
});
