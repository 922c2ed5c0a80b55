// What the rules about injection find (`ruleid`) and leave alone (`ok`), on the line after the mark.
const child_process = require("child_process");
const fs = require("fs");
const util = require("util");
const vm = require("vm");
const _ = require("lodash");
const ejs = require("ejs");
const xpath = require("xpath");
const { exec, execFile } = require("child_process");

const TABLE = "people";

function taint(req, res) {
  // ruleid: js-request-data-to-code, js-eval-of-expression
  eval(req.query.formula);
  const command = `ls ${req.params.folder}`;
  // ruleid: js-request-data-to-code, js-shell-command-from-variable
  exec(command);
  // ok: js-request-data-to-code
  execFile("ls", ["--", req.params.folder]);
  // ok: js-request-data-to-code
  setTimeout(() => res.json(req.query.name), 10);
  // ruleid: js-request-data-to-code, js-timer-runs-text
  setTimeout(`go(${req.query.name})`, 10);
}

function code(text) {
  // ruleid: js-eval-of-expression
  eval(text);
  // ruleid: js-eval-of-expression
  new Function("a", text);
  // ruleid: js-eval-of-expression
  vm.runInNewContext(text, {});
  // ok: js-eval-of-expression
  eval("1 + 1");
  // ok: js-eval-of-expression
  JSON.parse(text);
  // ruleid: js-timer-runs-text
  setTimeout("go(" + text + ")", 10);
  // ok: js-timer-runs-text
  setTimeout(go, 10);
}

function shell(name) {
  // ruleid: js-shell-command-from-variable
  child_process.exec("ls " + name);
  // ruleid: js-shell-command-from-variable
  child_process.execSync(`ls ${name}`);
  // ruleid: js-shell-command-from-variable
  child_process.spawn(`ls ${name}`, { shell: true });
  // ruleid: js-shell-command-from-variable
  child_process.spawn("sh", ["-c", "ls " + name]);
  // ok: js-shell-command-from-variable
  child_process.exec("ls | wc");
  // ok: js-shell-command-from-variable
  child_process.spawn("ls", [name]);
  // ok: js-shell-command-from-variable
  /a+/.exec(name);
}

function sql(db, name, id) {
  // ruleid: js-sql-built-from-text
  db.query(`SELECT * FROM people WHERE name = '${name}'`);
  // ruleid: js-sql-built-from-text
  db.query("SELECT * FROM people WHERE name = '" + name + "'");
  const text = "DELETE FROM people WHERE name = " + name;
  // ruleid: js-sql-built-from-text
  db.execute(text);
  // ok: js-sql-built-from-text
  db.query("SELECT * FROM people WHERE name = ?", [name]);
  // ok: js-sql-built-from-text
  db.query(`SELECT * FROM ${TABLE} WHERE name = $1`, [name]);
  // ok: js-sql-built-from-text
  db.query("SELECT * FROM people WHERE id = " + Number(id));
}

function sqlOfRequest(req, db) {
  // ruleid: js-sql-from-request
  db.query(req.body.query);
  // ruleid: js-sql-from-request, js-sql-built-from-text
  db.query("SELECT * FROM people WHERE name = '" + req.query.name + "'");
  // ok: js-sql-from-request
  db.query("SELECT * FROM people WHERE name = ?", [req.query.name]);
}

function documents(req, User) {
  // ruleid: js-nosql-query-from-request
  User.findOne({ name: req.body.name });
  // ruleid: js-nosql-query-from-request
  User.find(req.query);
  // ok: js-nosql-query-from-request
  User.findOne({ name: String(req.body.name) });
}

function templates(req) {
  // ruleid: js-template-from-request
  ejs.render(req.body.source);
  // ok: js-template-from-request
  ejs.render("<%= name %>", { name: req.body.name });
}

function directory(req, client, escapeFilter) {
  // ruleid: js-ldap-filter-from-request
  client.search("dc=example", { filter: `(uid=${req.query.name})` });
  // ok: js-ldap-filter-from-request
  client.search("dc=example", { filter: `(uid=${escapeFilter(req.query.name)})` });
}

function paths(req, tree) {
  // ruleid: js-xpath-from-request
  xpath.select(`//user[@name='${req.query.name}']`, tree);
  // ok: js-xpath-from-request
  xpath.select("//user", tree);
}

function modules(req) {
  // ruleid: js-import-from-request
  require(`./plugins/${req.query.plugin}`);
  // ok: js-import-from-request
  require("./plugins/first");
}

function patterns(req) {
  // ruleid: js-regex-from-request
  new RegExp(req.query.pattern);
  // ok: js-regex-from-request
  new RegExp(_.escapeRegExp(req.query.pattern));
  // ok: js-regex-from-request
  /a+/.test(req.query.line);
}

function headers(req, res) {
  // ruleid: js-header-from-request
  res.setHeader("X-Name", req.query.name);
  // ok: js-header-from-request
  res.setHeader("X-Name", encodeURIComponent(req.query.name));
}

function lines(req) {
  // ruleid: js-log-line-from-request
  console.log("seen " + req.query.name);
  // ok: js-log-line-from-request
  console.log("seen " + JSON.stringify(req.query.name));
}

function properties(req, store, names) {
  const key = req.body.key;
  // ruleid: js-request-names-property
  store[key][req.body.inner] = req.body.value;
  // ok: js-request-names-property
  store.people[0] = req.body.value;
}

function propertiesChecked(req, store, names) {
  const key = req.body.key;
  if (!names.includes(key)) return;
  // ok: js-request-names-property
  store[key]["inner"] = req.body.value;
}

function merge(req, defaults, known) {
  // ruleid: js-request-merged
  _.merge({}, defaults, req.body);
  // ok: js-request-merged
  _.merge({}, defaults, known);
}

function models(req, User) {
  // ruleid: js-request-data-to-model
  User.create(req.body);
  // ruleid: js-request-data-to-model
  new User(req.body);
  // ok: js-request-data-to-model
  User.create({ name: req.body.name });
}
