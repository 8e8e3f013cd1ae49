// Runs inside the workflow sandbox as well, which is why it is a file of its own without Node's modules.
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
