/** Why this is here stands in package.json. */
function refuse() {
  throw new Error('This bundle has no HTTP client.');
}

export { refuse as BearerCredentialHandler, refuse as HttpClient };
