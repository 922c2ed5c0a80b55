// What the rules about cryptography find (`ruleid`) and leave alone (`ok`), on the line after the mark.
const crypto = require("crypto");
const https = require("https");
const jwt = require("jsonwebtoken");
const session = require("express-session");

function hashes(data, password) {
  // ruleid: js-weak-hash
  crypto.createHash("md5").update(data);
  // ok: js-weak-hash
  crypto.createHash("sha256").update(data);
  // ruleid: js-fast-hash-of-password
  crypto.createHash("sha256").update(password).digest("hex");
  // ok: js-fast-hash-of-password
  crypto.createHash("sha256").update(data).digest("hex");
}

function ciphers(key) {
  // ruleid: js-broken-cipher
  crypto.createCipheriv("aes-128-ecb", key, null);
  // ruleid: js-broken-cipher
  crypto.createCipheriv("des-ede3-cbc", key, crypto.randomBytes(8));
  // ok: js-broken-cipher
  crypto.createCipheriv("aes-256-gcm", key, crypto.randomBytes(12));
  // ruleid: js-fixed-iv
  crypto.createCipheriv("aes-256-cbc", key, "0123456789abcdef");
  // ruleid: js-fixed-iv
  crypto.createCipheriv("aes-256-cbc", key, Buffer.alloc(16, 0));
  // ok: js-fixed-iv
  crypto.createCipheriv("aes-256-cbc", key, crypto.randomBytes(16));
}

function keys(claims, app) {
  // ruleid: js-hard-coded-key
  jwt.sign(claims, "s3cr3t-of-us");
  // ruleid: js-hard-coded-key
  app.use(session({ secret: "s3cr3t-of-us", resave: false }));
  // ok: js-hard-coded-key
  jwt.sign(claims, process.env.KEY);
  // ruleid: js-small-key
  crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
  // ok: js-small-key
  crypto.generateKeyPairSync("rsa", { modulusLength: 3072 });
}

function rounds(password, salt) {
  // ruleid: js-few-iterations
  crypto.pbkdf2Sync(password, salt, 1000, 64, "sha512");
  // ok: js-few-iterations
  crypto.pbkdf2Sync(password, salt, 600000, 64, "sha512");
}

function tls(url) {
  // ruleid: js-certificates-not-checked
  new https.Agent({ rejectUnauthorized: false });
  // ruleid: js-certificates-not-checked
  https.get(url, { rejectUnauthorized: false });
  // ruleid: js-certificates-not-checked
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  // ok: js-certificates-not-checked
  new https.Agent({ rejectUnauthorized: true });
  // ruleid: js-insecure-tls-version
  https.createServer({ minVersion: "TLSv1" });
  // ok: js-insecure-tls-version
  https.createServer({ minVersion: "TLSv1.2" });
}

function tokens(token, key, claims) {
  // ruleid: js-token-signature-not-checked
  jwt.verify(token, key, { algorithms: ["HS256", "none"] });
  // ruleid: js-token-signature-not-checked
  jwt.sign(claims, null, { algorithm: "none" });
  // ok: js-token-signature-not-checked
  jwt.verify(token, key, { algorithms: ["HS256"] });
  // ruleid: js-token-only-decoded
  jwt.decode(token);
  // ok: js-token-only-decoded
  jwt.verify(token, key);
}

function chance() {
  // ruleid: js-predictable-secret
  const salt = Math.random().toString(36);
  // ok: js-predictable-secret
  const colour = Math.random();
  // ruleid: js-predictable-credential
  const resetToken = "t" + Math.random().toString(36).slice(2);
  // ok: js-predictable-credential
  const sessionToken = crypto.randomUUID();
  return [salt, colour, resetToken, sessionToken];
}

function compare(key, body, signature) {
  const mac = crypto.createHmac("sha256", key).update(body);
  // ruleid: js-secret-compared-in-variable-time
  if (mac.digest("hex") === signature) return true;
  // ok: js-secret-compared-in-variable-time
  return crypto.timingSafeEqual(mac.digest(), signature);
}

function sockets() {
  // ruleid: js-clear-text-protocol
  new WebSocket("ws://example.com/feed");
  // ok: js-clear-text-protocol
  new WebSocket("wss://example.com/feed");
  // ok: js-clear-text-protocol
  new WebSocket("ws://localhost:8080");
}
