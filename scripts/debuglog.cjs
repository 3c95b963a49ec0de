// In place of the npm package "debug" in the fleet process (build.mjs): Node has the same, NODE_DEBUG=mqttjs:client.
module.exports = require("node:util").debuglog;
