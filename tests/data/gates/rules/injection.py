"""What the rules about injection find (`ruleid`) and leave alone (`ok`), on the line after the mark."""

import ast
import asyncio
import importlib
import json
import logging
import os
import re
import shlex
import subprocess

import flask
import sqlalchemy
from flask import Flask, render_template, render_template_string, request
from jinja2 import Environment, Template
from ldap3.utils.conv import escape_filter_chars
from lxml import etree
from sqlalchemy import select, text

app = Flask(__name__)
logger = logging.getLogger(__name__)
TABLE = "people"


def taint(cursor, db, key):
    name = request.args.get("name")
    # ruleid: request-data-to-code, sql-built-from-text
    cursor.execute("select * from t where name = '" + name + "'")
    # ok: request-data-to-code, sql-built-from-text
    cursor.execute("select * from t where name = ?", (name,))
    # ok: request-data-to-code
    db.execute(select(User).where(User.name == name))
    count = int(request.args["count"])
    # ok: request-data-to-code
    cursor.execute("select * from t limit %d" % count)
    # ruleid: request-data-to-code
    subprocess.run([name, "--version"], check=True)
    # ok: request-data-to-code
    subprocess.run(["ls", "--", name], check=True)
    # ruleid: request-data-to-code
    subprocess.run(["sh", "-c", name], check=True)


@app.route("/calc/<path:formula>")
def calc(formula):
    # ruleid: request-data-to-code, eval-of-expression
    return str(eval(formula))


@app.get("/item/{number}")
def item(number: int, cursor):
    # ok: request-data-to-code
    cursor.execute(number)


@app.get("/find/{name}")
async def find(name: str, cursor):
    # ruleid: request-data-to-code
    cursor.execute(name)


def lambda_handler(event, context):
    # ruleid: request-data-to-code, shell-command-from-variable
    os.system(event["command"])


def code(source):
    # ruleid: eval-of-expression
    eval(source)
    # ruleid: eval-of-expression
    exec(source, {})
    # ok: eval-of-expression
    eval("1 + 1")
    # ok: eval-of-expression
    ast.literal_eval(source)
    # ruleid: compiled-text
    exec(compile(source, "<text>", "exec"), {})
    # ok: compiled-text
    exec(compile("A = 1", "<text>", "exec"), {})
    ready = compile(source, "<text>", "exec")
    # ok: eval-of-expression
    exec(ready, {})


def shell(name):
    # ruleid: shell-command-from-variable
    os.system("ls " + name)
    # ruleid: shell-command-from-variable
    subprocess.run(f"ls {name}", shell=True, check=True)
    command = "ls {}".format(name)
    # ruleid: shell-command-from-variable
    subprocess.Popen(args=command, shell=True)
    # ok: shell-command-from-variable
    subprocess.run("ls | wc", shell=True, check=True)
    # ok: shell-command-from-variable
    subprocess.run(["ls", name], check=True)
    # ok: shell-command-from-variable
    subprocess.run(shlex.join(["ls", name]), shell=True, check=True)
    # ruleid: shell-started-with-text
    subprocess.run(["bash", "-c", f"ls {name}"], check=True)
    # ruleid: shell-started-with-text
    asyncio.create_subprocess_exec("/bin/sh", "-c", "ls " + name)
    # ok: shell-started-with-text
    subprocess.run(["bash", "-c", "ls | wc"], check=True)
    # ok: shell-started-with-text
    subprocess.run(["python", "-c", f"print({name})"], check=True)


def sql(cursor, name, names, column):
    # ruleid: sql-built-from-text
    cursor.execute(f"select * from t where name = '{name}'")
    # ruleid: sql-built-from-text
    cursor.execute("select * from t where name = '%s'" % name)
    # ok: sql-built-from-text
    cursor.execute("select * from t where name = ?", (name,))
    query = "DELETE FROM t WHERE name = '{}'".format(name)
    # ruleid: sql-built-from-text
    cursor.execute(query)
    statement = "SELECT * FROM t"
    statement += f" WHERE name = '{name}'"
    # ruleid: sql-built-from-text
    cursor.execute(statement)
    # ok: sql-built-from-text
    cursor.execute(f"select * from {TABLE} where name = ?", (name,))
    placeholders = ", ".join("?" for _ in names)
    # ok: sql-built-from-text
    cursor.execute(f"select * from t where name in ({placeholders})", names)
    # ok: sql-built-from-text
    cursor.execute("select * from t where id = %d" % int(name))


def orm(session, name):
    # ruleid: sql-text-in-orm
    session.execute(text(f"select * from t where name = '{name}'"))
    # ruleid: sql-text-in-orm
    Person.objects.raw("select * from t where name = '%s'" % name)
    # ruleid: sql-text-in-orm
    Person.objects.extra(where=["name = '" + name + "'"])
    # ok: sql-text-in-orm
    session.execute(text("select * from t where name = :name"), {"name": name})
    # ok: sql-text-in-orm
    Person.objects.raw("select * from t where name = %s", [name])


def templates(name):
    source = request.form["source"]
    # ruleid: template-from-request
    Template(source).render()
    # ruleid: template-from-request
    render_template_string(source)
    # ok: template-from-request
    render_template("page.html", source=source)
    # ok: template-from-request
    render_template_string("{{ name }}", name=source)
    # ruleid: template-from-text
    render_template_string(f"<h1>{name}</h1>")
    # ok: template-from-text
    render_template_string("<h1>{{ name }}</h1>", name=name)


def directory(ldap, name):
    # ruleid: ldap-filter-from-text
    ldap.search("dc=example", f"(uid={name})")
    # ruleid: ldap-filter-from-text
    ldap.search_s("dc=example", 2, "(uid=%s)" % name)
    # ok: ldap-filter-from-text
    ldap.search("dc=example", "(uid=%s)" % escape_filter_chars(name))
    # ok: ldap-filter-from-text
    ldap.search("dc=example", "(uid=*)")


def paths(tree, name):
    # ruleid: xpath-from-request, xpath-from-text
    tree.xpath("//user[@name='" + request.args["name"] + "']")
    # ok: xpath-from-request
    tree.xpath("//user[@name=$name]", name=request.args["name"])
    # ruleid: xpath-from-text
    tree.xpath(f"//user[@name='{name}']")
    # ok: xpath-from-text
    tree.xpath("//user[@name=$name]", name=name)


def documents(db):
    # ruleid: nosql-query-from-request
    db.users.find_one({"name": request.json["name"]})
    # ruleid: nosql-query-from-request
    db.users.find(request.get_json())
    # ok: nosql-query-from-request
    db.users.find_one({"name": str(request.json["name"])})


def code_in_queries(db, name):
    # ruleid: nosql-code-from-text
    db.users.find({"$where": "this.name == '" + name + "'"})
    # ok: nosql-code-from-text
    db.users.find({"$where": "this.name == this.nick"})


def modules():
    name = request.args["module"]
    # ruleid: import-from-request
    importlib.import_module(name)
    # ok: import-from-request
    importlib.import_module("json")


def formats(value):
    # ruleid: format-string-from-request
    request.args["format"].format(value)
    # ok: format-string-from-request
    "{}".format(request.args["value"])


def patterns(line):
    # ruleid: regex-from-request
    re.search(request.args["pattern"], line)
    # ok: regex-from-request
    re.search(re.escape(request.args["pattern"]), line)
    # ok: regex-from-request
    re.search("^a+$", request.args["line"])


def lines():
    # ruleid: log-line-from-request
    logger.info("seen " + request.args["name"])
    # ok: log-line-from-request
    logger.info("seen %r", request.args["name"])
    # ok: log-line-from-request
    logger.info("seen " + repr(request.args["name"]))


def headers(response):
    # ruleid: header-from-request
    response.headers["X-Name"] = request.args["name"]
    # ok: header-from-request
    response.headers["X-Name"] = "fixed"


def models():
    # ruleid: request-data-to-model
    Person(**request.json)
    # ruleid: request-data-to-model
    Person.objects.create(**request.POST.dict())
    # ok: request-data-to-model
    Person(name=request.json["name"])
    # ok: request-data-to-model
    dict(**request.json)
