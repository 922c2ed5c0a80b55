"""What the rules about pages, files and addresses find (`ruleid`) and leave alone (`ok`), after the mark."""

import os
import tarfile
import urllib.request
import xml.dom.minidom
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path
from urllib.parse import urlparse

import flask
import jinja2
import lxml.etree
import requests
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from flask import Flask, abort, redirect, send_file, url_for
from markupsafe import Markup, escape
from werkzeug.utils import secure_filename

app = Flask(__name__)
ROOT = Path("/srv")
API = "https://api.example.com"


def read(request):
    name = request.GET["name"]
    # ruleid: request-data-to-file
    open("/srv/" + name)
    # ruleid: request-data-to-file
    (ROOT / name).read_text()
    # ruleid: request-data-to-file
    send_file(os.path.join("/srv", name))
    # ok: request-data-to-file
    open(os.path.join("/srv", secure_filename(name)))
    # ok: request-data-to-file
    open(os.path.join("/srv", os.path.basename(name)))


def read_safely(request):
    path = (ROOT / request.GET["name"]).resolve()
    if not path.is_relative_to(ROOT):
        abort(404)
    # ok: request-data-to-file
    return path.read_text()


def call(request):
    address = request.GET["address"]
    # ruleid: request-data-to-address
    requests.get(address, timeout=5)
    # ruleid: request-data-to-address
    urllib.request.urlopen(f"https://{address}/status")
    # ok: request-data-to-address
    requests.get(f"https://api.example.com/users/{address}", timeout=5)
    # ok: request-data-to-address
    requests.get(f"{API}/users/{address}", timeout=5)
    # ok: request-data-to-address
    requests.get("https://api.example.com/users", params={"name": address}, timeout=5)


def call_safely(request):
    address = request.GET["address"]
    if urlparse(address).hostname not in {"example.com"}:
        abort(404)
    # ok: request-data-to-address
    return requests.get(address, timeout=5)


def go(request):
    target = request.GET.get("next")
    # ruleid: redirect-from-request
    redirect(target)
    # ruleid: redirect-from-request
    HttpResponseRedirect(target)
    # ok: redirect-from-request
    redirect(url_for("index", next=target))
    # ok: redirect-from-request
    redirect(f"/login?next={target}")


def go_safely(request):
    target = request.GET.get("next")
    if url_has_allowed_host_and_scheme(target, {"example.com"}):
        # ok: redirect-from-request
        return redirect(target)
    return redirect("/")


@app.route("/hello/<name>")
def hello(name):
    # ruleid: request-data-to-page
    return f"<h1>Hello {name}</h1>"


@app.route("/escaped/<name>")
def escaped(name):
    # ok: request-data-to-page
    return f"<h1>Hello {escape(name)}</h1>"


@app.route("/json/<name>")
def as_json(name):
    # ok: request-data-to-page
    return {"name": name}


def page(request):
    # ruleid: request-data-to-page
    HttpResponse("<p>" + request.GET["name"])
    # ruleid: request-data-to-page, markup-from-variable
    Markup(request.GET["name"])
    # ok: request-data-to-page
    HttpResponse("<p>" + escape(request.GET["name"]))


def markup(text):
    # ruleid: autoescape-off
    jinja2.Environment(autoescape=False)
    # ok: autoescape-off
    jinja2.Environment(autoescape=True)
    # ruleid: autoescape-left-off
    jinja2.Environment(trim_blocks=True)
    # ok: autoescape-left-off
    jinja2.Environment(autoescape=jinja2.select_autoescape())
    # ruleid: markup-from-variable
    Markup(text)
    # ok: markup-from-variable
    Markup("<b>")


def documents(request, path):
    # ruleid: xml-with-entities
    xml.dom.minidom.parse(path)
    # ok: xml-with-entities
    ElementTree.parse(path)
    # ruleid: external-entities-on
    lxml.etree.XMLParser(resolve_entities=True)
    # ok: external-entities-on
    lxml.etree.XMLParser(resolve_entities=False)
    # ruleid: request-data-to-xml-parser
    ElementTree.fromstring(request.body)
    # ok: request-data-to-xml-parser
    ElementTree.fromstring("<a/>")


def unpack(path, folder):
    with tarfile.open(path) as archive:
        # ruleid: archive-unpacked-anywhere
        archive.extractall(folder)
    other = tarfile.open(path)
    # ruleid: archive-unpacked-anywhere
    other.extractall(folder)


def unpack_safely(path, folder):
    with tarfile.open(path) as archive:
        # ok: archive-unpacked-anywhere
        archive.extractall(folder, filter="data")
    with zipfile.ZipFile(path) as box:
        # ok: archive-unpacked-anywhere
        box.extractall(folder)


def unpack_by_hand(path, folder):
    with zipfile.ZipFile(path) as box:
        for member in box.infolist():
            # ruleid: archive-member-written-anywhere
            Path(folder, member.filename).write_bytes(box.read(member))
        for name in box.namelist():
            # ruleid: archive-member-written-anywhere
            open(os.path.join(folder, name), "wb")
            # ok: archive-member-written-anywhere
            open(os.path.join(folder, os.path.basename(name)), "wb")
