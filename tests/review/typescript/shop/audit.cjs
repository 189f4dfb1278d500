const { DBOS } = require('@dbos-inc/dbos-sdk');

exports.audit = DBOS.registerWorkflow(async function audit() {
  await DBOS.runStep(async () => 'books', { name: 'readBooks' });
  const known = await DBOS.listWorkflows({ limit: 1 });
  return known.length;
});
