"""What each rule of the starter pack finds (`ruleid`) and leaves alone (`ok`), on the line after the mark."""

import ast
import hashlib
import json
import os
import pickle
import random
import secrets
import ssl
import subprocess
import tarfile
import tempfile
import xml.dom.minidom

import flask
import httpx
import jinja2
import jwt
import markupsafe
import paramiko
import requests
import yaml
from cryptography.hazmat.primitives.ciphers import modes
from flask import request
from ftplib import FTP


def taint(cursor):
    name = request.args.get("name")
    # ruleid: request-data-to-code
    cursor.execute("select * from t where name = '" + name + "'")
    # ok: request-data-to-code
    cursor.execute("select * from t where name = ?", (name,))


def code(text):
    # ruleid: eval-of-expression
    eval(text)
    # ruleid: eval-of-expression
    exec(text, {})
    # ok: eval-of-expression
    eval("1 + 1")
    # ok: eval-of-expression
    ast.literal_eval(text)


def shell(name):
    # ruleid: shell-command-from-variable
    os.system("ls " + name)
    # ruleid: shell-command-from-variable
    subprocess.run(f"ls {name}", shell=True, check=True)
    # ok: shell-command-from-variable
    subprocess.run("ls | wc", shell=True, check=True)
    # ok: shell-command-from-variable
    subprocess.run(["ls", name], check=True)


def sql(cursor, name):
    # ruleid: sql-built-from-text
    cursor.execute(f"select * from t where name = '{name}'")
    # ruleid: sql-built-from-text
    cursor.execute("select * from t where name = '%s'" % name)
    # ok: sql-built-from-text
    cursor.execute("select * from t where name = ?", (name,))


def loads(data):
    # ruleid: unpickling
    pickle.loads(data)
    # ok: unpickling
    json.loads(data)
    # ruleid: yaml-that-makes-objects
    yaml.load(data)
    # ok: yaml-that-makes-objects
    yaml.load(data, Loader=yaml.SafeLoader)
    # ok: yaml-that-makes-objects
    yaml.safe_load(data)


def hashes(data):
    # ruleid: weak-hash
    hashlib.md5(data)
    # ok: weak-hash
    hashlib.md5(data, usedforsecurity=False)
    # ok: weak-hash
    hashlib.sha256(data)


def tls(url):
    # ruleid: certificates-not-checked
    requests.get(url, verify=False, timeout=1)
    # ruleid: certificates-not-checked
    httpx.Client(verify=False)
    # ok: certificates-not-checked
    requests.get(url, verify="ca.pem", timeout=1)
    # ruleid: insecure-tls-version
    ssl.SSLContext(ssl.PROTOCOL_TLSv1)
    # ok: insecure-tls-version
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def files(path):
    # ruleid: temporary-name
    tempfile.mktemp()
    # ok: temporary-name
    tempfile.mkstemp()
    # ruleid: writable-by-everybody
    os.chmod(path, 0o777)
    # ok: writable-by-everybody
    os.chmod(path, 0o600)


def unpack(path, folder):
    # ruleid: archive-unpacked-anywhere
    with tarfile.open(path) as archive:
        archive.extractall(folder)


def unpack_safely(path, folder):
    # ok: archive-unpacked-anywhere
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")


def serve(app, server):
    # ruleid: debug-server
    app.run(debug=True)
    # ok: debug-server
    app.run(debug=os.environ.get("DEBUG") == "1")
    # ruleid: listens-on-every-address
    server.bind(("0.0.0.0", 80))
    # ok: listens-on-every-address
    server.bind(("127.0.0.1", 80))


def markup(text):
    # ruleid: autoescape-off
    jinja2.Environment(autoescape=False)
    # ok: autoescape-off
    jinja2.Environment(autoescape=True)
    # ruleid: markup-from-variable
    markupsafe.Markup(text)
    # ok: markup-from-variable
    markupsafe.Markup("<b>")


def chance():
    # ruleid: predictable-secret
    reset_token = random.randint(0, 9)
    # ok: predictable-secret
    dice = random.randint(1, 6)
    # ok: predictable-secret
    new_token = secrets.token_hex()
    return reset_token, dice, new_token


def documents(path):
    # ruleid: xml-with-entities
    xml.dom.minidom.parse(path)
    # ok: xml-with-entities
    json.loads(path)


def others(client, data, key):
    # ruleid: unknown-host-accepted
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    # ok: unknown-host-accepted
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    # ruleid: token-signature-not-checked
    jwt.decode(data, options={"verify_signature": False})
    # ok: token-signature-not-checked
    jwt.decode(data, key, algorithms=["HS256"])
    # ruleid: broken-cipher
    modes.ECB()
    # ok: broken-cipher
    modes.GCM(data)
    # ruleid: clear-text-protocol
    FTP("host")
    # ok: clear-text-protocol
    flask.Flask("host")
