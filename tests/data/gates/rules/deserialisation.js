// What the rules about deserialisation find (`ruleid`) and leave alone (`ok`), on the line after the mark.
const serialize = require("node-serialize");
const v8 = require("v8");
const yaml = require("js-yaml");

function loads(data, req) {
  // ruleid: js-unserialize
  serialize.unserialize(data);
  // ok: js-unserialize
  serialize.serialize(data);
  // ok: js-unserialize
  JSON.parse(data);
  // ruleid: js-yaml-that-makes-functions
  yaml.load(data, { schema: yaml.DEFAULT_FULL_SCHEMA });
  // ok: js-yaml-that-makes-functions
  yaml.load(data);
  // ruleid: js-deserialize-of-request
  v8.deserialize(req.body);
  // ok: js-deserialize-of-request
  v8.deserialize(data);
}
