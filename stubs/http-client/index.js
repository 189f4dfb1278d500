/** Why this is here stands in package.json. */
function refuse() {
  throw new Error('@actions/core has no HTTP client in this bundle.');
}

export { refuse as BearerCredentialHandler, refuse as HttpClient };
