"""What the rules about access and settings find (`ruleid`) and leave alone (`ok`), on the line after the mark."""

import logging
import os
import tempfile

import flask_cors
import psycopg2
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from flask import Flask

app = Flask(__name__)
log = logging.getLogger(__name__)
# ruleid: any-host-allowed
ALLOWED_HOSTS = ["*"]
# ok: any-host-allowed
ALLOWED_HOSTS = ["example.com"]
# ruleid: cookie-without-protection
SESSION_COOKIE_SECURE = False
# ok: cookie-without-protection
SESSION_COOKIE_SECURE = True


def serve(server, response, middleware):
    # ruleid: debug-server
    app.run(debug=True)
    # ok: debug-server
    app.run(debug=os.environ.get("DEBUG") == "1")
    # ruleid: listens-on-every-address
    server.bind(("0.0.0.0", 80))
    # ok: listens-on-every-address
    server.bind(("127.0.0.1", 80))
    # ruleid: cors-for-everybody
    app.add_middleware(middleware, allow_origins=["*"], allow_credentials=True)
    # ruleid: cors-for-everybody
    flask_cors.CORS(app, origins="*", supports_credentials=True)
    # ok: cors-for-everybody
    app.add_middleware(middleware, allow_origins=["https://example.com"], allow_credentials=True)
    # ruleid: cors-header-for-everybody
    response.headers["Access-Control-Allow-Origin"] = "*"
    # ok: cors-header-for-everybody
    response.headers["Access-Control-Allow-Origin"] = "https://example.com"


# ruleid: csrf-check-off
@csrf_exempt
def hook(request):
    return request


# ok: csrf-check-off
@csrf_protect
def form(request):
    return request


def cookies(response, value):
    # ruleid: cookie-without-protection
    response.set_cookie("theme", value, secure=False)
    # ok: cookie-without-protection
    response.set_cookie("theme", value, secure=True)
    # ruleid: session-cookie-bare
    response.set_cookie("session_id", value)
    # ok: session-cookie-bare
    response.set_cookie("session_id", value, secure=True, httponly=True)
    # ok: session-cookie-bare
    response.set_cookie("theme", value)


def login(password, stored, check):
    # ruleid: password-compared-with-text
    if password == "opensesame":
        return True
    # ok: password-compared-with-text
    if password == "":
        return False
    # ok: password-compared-with-text
    return check(password, stored)


def connect(name):
    # ruleid: password-in-source
    psycopg2.connect(user="app", password="hunter22")
    # ok: password-in-source
    psycopg2.connect(user="app", password=os.environ["PASSWORD"])


def restricted(user, items):
    # ruleid: access-checked-by-assert
    assert user.is_admin
    # ok: access-checked-by-assert
    assert len(items) == 1


def lines(user, password, api_key):
    # ruleid: secret-in-log
    log.info("password is %s", password)
    # ruleid: secret-in-log
    log.debug(f"key {api_key} of {user.name}")
    # ok: secret-in-log
    log.info("password of %s was changed", user.name)
    # ruleid: secret-printed
    print("key", api_key)
    # ok: secret-printed
    print("name", user.name)


def files(path):
    # ruleid: temporary-name
    tempfile.mktemp()
    # ok: temporary-name
    tempfile.mkstemp()
    # ruleid: fixed-temporary-file
    open("/tmp/report.txt", "w")
    # ok: fixed-temporary-file
    open("/var/lib/app/report.txt", "w")
    # ruleid: writable-by-everybody
    os.chmod(path, 0o777)
    # ruleid: writable-by-everybody
    path.chmod(0o666)
    # ok: writable-by-everybody
    os.chmod(path, 0o755)
    # ruleid: umask-cleared
    os.umask(0)
    # ok: umask-cleared
    os.umask(0o077)
