// What the rules about access and settings find (`ruleid`) and leave alone (`ok`), on the line after the mark.
const fs = require("fs");
const path = require("path");
const axios = require("axios");
const cors = require("cors");
const libxml = require("libxmljs");
const mysql = require("mysql");
const { BrowserWindow } = require("electron");

const ROOT = "/srv";

function read(req, res) {
  const name = req.params.name;
  // ruleid: js-request-data-to-file
  fs.readFile(path.join(ROOT, name), () => {});
  // ruleid: js-request-data-to-file
  res.sendFile("/srv/" + req.query.name);
  // ok: js-request-data-to-file
  fs.readFile(path.join(ROOT, path.basename(name)), () => {});
  // ok: js-request-data-to-file
  res.sendFile(name, { root: ROOT });
}

function readChecked(req, res) {
  const file = path.resolve(ROOT, req.params.name);
  if (!file.startsWith(ROOT + path.sep)) return res.sendStatus(404);
  // ok: js-request-data-to-file
  return fs.readFile(file, () => {});
}

function unpack(entry, folder) {
  // ruleid: js-archive-member-written-anywhere
  fs.writeFileSync(path.join(folder, entry.entryName), entry.getData());
  // ok: js-archive-member-written-anywhere
  fs.writeFileSync(path.join(folder, path.basename(entry.entryName)), entry.getData());
}

async function call(req) {
  // ruleid: js-request-data-to-address
  await fetch(req.query.address);
  // ruleid: js-request-data-to-address
  await axios.get(`https://${req.query.host}/status`);
  // ok: js-request-data-to-address
  await axios.get(`https://api.example.com/users/${req.params.id}`);
  // ok: js-request-data-to-address
  await fetch("https://api.example.com/users", { body: req.body });
}

function go(req, res) {
  // ruleid: js-redirect-from-request
  res.redirect(req.query.next);
  // ok: js-redirect-from-request
  res.redirect("/login?next=" + encodeURIComponent(req.query.next));
  // ok: js-redirect-from-request
  res.redirect(`/users/${req.params.id}`);
}

function follow(known) {
  // ruleid: js-redirect-from-address
  window.location.href = new URLSearchParams(location.search).get("next");
  // ok: js-redirect-from-address
  window.location.href = known;
}

function origins(app, req, res) {
  // ruleid: js-cors-for-everybody
  app.use(cors({ origin: true, credentials: true }));
  // ruleid: js-cors-for-everybody
  res.setHeader("Access-Control-Allow-Origin", req.headers.origin);
  // ok: js-cors-for-everybody
  app.use(cors({ origin: "https://example.com", credentials: true }));
}

function cookies(res, value) {
  // ruleid: js-cookie-without-protection
  res.cookie("theme", value, { httpOnly: false });
  // ok: js-cookie-without-protection
  res.cookie("theme", value, { httpOnly: true, secure: true });
  // ruleid: js-session-cookie-bare
  res.cookie("session_id", value);
  // ok: js-session-cookie-bare
  res.cookie("session_id", value, { httpOnly: true, secure: true });
}

function login(password, stored, check) {
  // ruleid: js-password-compared-with-text
  if (password === "opensesame") return true;
  // ok: js-password-compared-with-text
  if (password === "") return false;
  // ok: js-password-compared-with-text
  return check(password, stored);
}

function connect() {
  // ruleid: js-password-in-source
  mysql.createConnection({ user: "app", password: "hunter22" });
  // ok: js-password-in-source
  mysql.createConnection({ user: "app", password: process.env.PASSWORD });
}

function lines(user, password, apiKey) {
  // ruleid: js-secret-in-log
  console.log("password", password);
  // ruleid: js-secret-in-log
  console.log(`key ${apiKey}`);
  // ok: js-secret-in-log
  console.log("password of", user.name, "was changed");
}

function documents(text) {
  // ruleid: js-external-entities-on
  libxml.parseXml(text, { noent: true });
  // ok: js-external-entities-on
  libxml.parseXml(text);
}

function files(file) {
  // ruleid: js-writable-by-everybody
  fs.chmodSync(file, 0o777);
  // ok: js-writable-by-everybody
  fs.chmodSync(file, 0o755);
  // ruleid: js-fixed-temporary-file
  fs.writeFileSync("/tmp/report.txt", "a");
  // ok: js-fixed-temporary-file
  fs.writeFileSync("/var/lib/app/report.txt", "a");
}

function serve(server) {
  // ruleid: js-listens-on-every-address
  server.listen(8080, "0.0.0.0");
  // ok: js-listens-on-every-address
  server.listen(8080, "127.0.0.1");
}

function windows() {
  // ruleid: js-desktop-page-with-node
  new BrowserWindow({ width: 800, webPreferences: { nodeIntegration: true } });
  // ok: js-desktop-page-with-node
  new BrowserWindow({ width: 800, webPreferences: { contextIsolation: true } });
}
