"""What the rules about cryptography find (`ruleid`) and leave alone (`ok`), on the line after the mark."""

import ftplib
import hashlib
import hmac
import os
import random
import secrets
import ssl
import string

import aiohttp
import httpx
import jwt
import paramiko
import requests
from Crypto.Cipher import AES, DES
from Crypto.PublicKey import RSA
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers import modes
from flask import request


def hashes(data, password, user):
    # ruleid: weak-hash
    hashlib.md5(data)
    # ruleid: weak-hash
    hashlib.new("SHA1", data)
    # ok: weak-hash
    hashlib.md5(data, usedforsecurity=False)
    # ok: weak-hash
    hashlib.sha256(data)
    # ok: weak-hash
    hashlib.new("sha256", data)
    # ruleid: fast-hash-of-password
    hashlib.sha256(password.encode()).hexdigest()
    # ruleid: fast-hash-of-password, weak-hash
    hashlib.md5((user.password + "salt").encode()).hexdigest()
    # ok: fast-hash-of-password
    hashlib.sha256(data).hexdigest()
    # ok: fast-hash-of-password
    hashlib.scrypt(password.encode(), salt=os.urandom(16), n=2**14, r=8, p=1)


def ciphers(data, key):
    # ruleid: broken-cipher
    modes.ECB()
    # ruleid: broken-cipher
    AES.new(key, AES.MODE_ECB)
    # ruleid: broken-cipher
    DES.new(key, DES.MODE_CBC, os.urandom(8))
    # ok: broken-cipher
    AES.new(key, AES.MODE_GCM)
    # ruleid: fixed-iv
    AES.new(key, AES.MODE_CBC, b"0123456789abcdef")
    # ruleid: fixed-iv
    modes.CBC(b"\x00" * 16)
    # ok: fixed-iv
    AES.new(key, AES.MODE_CBC, os.urandom(16))
    # ok: fixed-iv
    modes.CBC(data)


def keys(data, token, app):
    # ruleid: hard-coded-key
    Fernet(b"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
    # ruleid: hard-coded-key
    jwt.encode(data, "s3cr3t-of-us", algorithm="HS256")
    # ruleid: hard-coded-key
    app.secret_key = "s3cr3t-of-us"
    # ok: hard-coded-key
    Fernet(os.environ["KEY"])
    # ok: hard-coded-key
    jwt.encode(data, os.environ["KEY"], algorithm="HS256")
    # ruleid: small-key
    RSA.generate(1024)
    # ok: small-key
    RSA.generate(3072)
    # ruleid: few-iterations
    hashlib.pbkdf2_hmac("sha256", data, token, 1000)
    # ok: few-iterations
    hashlib.pbkdf2_hmac("sha256", data, token, 600000)


def tls(url, session):
    # ruleid: certificates-not-checked
    requests.get(url, verify=False, timeout=1)
    # ruleid: certificates-not-checked
    httpx.Client(verify=False)
    # ruleid: certificates-not-checked
    session.verify = False
    # ruleid: certificates-not-checked
    session.post(url, json={}, verify=False)
    # ruleid: certificates-not-checked
    aiohttp.TCPConnector(ssl=False)
    context = ssl.create_default_context()
    # ruleid: certificates-not-checked
    context.verify_mode = ssl.CERT_NONE
    # ok: certificates-not-checked
    context.verify_mode = ssl.CERT_REQUIRED
    # ok: certificates-not-checked
    requests.get(url, verify="ca.pem", timeout=1)
    # ruleid: insecure-tls-version
    ssl.SSLContext(ssl.PROTOCOL_TLSv1)
    # ruleid: insecure-tls-version
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    # ok: insecure-tls-version
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def others(client, data, key):
    # ruleid: unknown-host-accepted
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    # ok: unknown-host-accepted
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    # ruleid: token-signature-not-checked
    jwt.decode(data, options={"verify_signature": False})
    # ruleid: token-signature-not-checked
    jwt.decode(data, key, algorithms=["HS256", "none"])
    # ok: token-signature-not-checked
    jwt.decode(data, key, algorithms=["HS256"])
    # ruleid: clear-text-protocol
    ftplib.FTP("host")
    # ok: clear-text-protocol
    ftplib.FTP_TLS("host")


def chance():
    # ruleid: predictable-secret
    salt = random.randint(0, 9)
    # ok: predictable-secret
    dice = random.randint(1, 6)
    # ok: predictable-secret
    new_token = secrets.token_hex()
    # ruleid: predictable-credential
    reset_token = "".join(random.choice(string.ascii_letters) for _ in range(32))
    # ruleid: predictable-credential
    password = str(random.getrandbits(64))
    # ok: predictable-credential
    session_token = secrets.token_urlsafe()
    return salt, dice, new_token, reset_token, password, session_token


def compare(key, body, secret, signature):
    # ruleid: secret-compared-in-variable-time
    first = hmac.new(key, body, hashlib.sha256).hexdigest() == signature
    # ruleid: secret-compared-in-variable-time
    second = request.headers.get("X-Token") == secret
    # ok: secret-compared-in-variable-time
    third = hmac.compare_digest(hmac.new(key, body, hashlib.sha256).hexdigest(), signature)
    # ok: secret-compared-in-variable-time
    fourth = request.headers.get("X-Kind") == "push"
    return first, second, third, fourth
