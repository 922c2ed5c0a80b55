"""What manifests say, how licences are classed, which names are look-alikes: values in, values out."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_factory.manifests.licences import Licence, classify
from ci_factory.manifests.lookalike import resembles
from ci_factory.manifests.model import Ecosystem, ManifestError
from ci_factory.manifests.popular import POPULAR, REAL
from ci_factory.manifests.registry import LOCKS, PARSERS, parser_of, read

REQUIREMENTS = """
# a comment
Alpha_Lib==1.0 --hash=sha256:00
beta [x] >= 2 , < 3 ; python_version < "4"  # why
gamma
delta @ https://x.example/d.whl
-e git+https://x.example/e@v1#egg=epsilon
-r more.txt
--extra-index-url=https://x.example/simple
"""
PYPROJECT = """
[build-system]
requires = ["hatchling"]
[project]
name = "own"
dependencies = ["alpha>=1", "own[extra]"]
[project.optional-dependencies]
web = ["beta"]
[dependency-groups]
dev = ["gamma", {include-group = "lint"}]
lint = ["delta~=2.0"]
[tool.poetry.dependencies]
python = "^3.11"
epsilon = "^1.0"
zeta = {git = "https://x.example/z"}
[tool.poetry.group.test.dependencies]
eta = {version = "1.2", extras = ["a"]}
[tool.uv]
dev-dependencies = ["theta"]
[tool.setuptools.dynamic]
dependencies = {file = ["requirements.txt"]}
"""
SETUP_PY = "from setuptools import setup\nNEEDS = ['alpha>=1', 'beta']\nsetup(name='x', install_requires=NEEDS, extras_require={'t': ['gamma']})\n"
SETUP_CFG = "[options]\ninstall_requires =\n    alpha>=1\n    beta; python_version < '3'\n[options.extras_require]\nt = gamma\n"
PIPFILE = '[packages]\nalpha = "*"\nbeta = {path = "../b"}\n[dev-packages]\ngamma = "==1.0"\n'
PACKAGE = {
    "dependencies": {"alpha": "^1", "@s/beta": "2.0.0"},
    "devDependencies": {"gamma": "npm:other@3"},
    "overrides": {"delta": {".": "1.0.0", "epsilon": "2"}},
}
GO = "module x\n\ngo 1.22\n\nrequire (\n\ta.b/alpha v1.0.0\n\ta.b/beta v2.0.0 // indirect\n)\nrequire a.b/gamma v0.1.0\nreplace a.b/gamma => a.b/delta v1.1.0\n"
CARGO = '[dependencies]\nalpha = "1"\nbeta = {version = "2", package = "real-beta"}\nown = {path = "../own"}\n[target."cfg(unix)".dependencies]\ngamma = "1"\n[workspace.dependencies]\ndelta = "1"\n'
COMPOSER = {"require": {"php": ">=8", "ext-json": "*", "acme/alpha": "^1"}, "require-dev": {"acme/beta": "2"}}
POM = "<project xmlns='http://maven.apache.org/POM/4.0.0'><dependencies><dependency><groupId>a.b</groupId><artifactId>alpha</artifactId><version>1</version></dependency></dependencies></project>"
LOCK = {
    "packages": {
        "": {},
        "node_modules/alpha": {"version": "1.0.0"},
        "node_modules/alpha/node_modules/@s/beta": {"version": "2.0.0"},
    }
}
YARN = '# yarn lockfile v1\n\n"@s/beta@^2":\n  version "2.0.0"\n\nalpha@^1, alpha@^1.1:\n  version "1.2.0"\n'
PNPM = "lockfileVersion: '9.0'\npackages:\n  alpha@1.0.0:\n    resolution: {integrity: x}\n  '@s/beta@2.0.0(react@18.0.0)':\n    resolution: {integrity: x}\n"
UV = '[[package]]\nname = "alpha"\nversion = "1.0"\nsource = { registry = "https://pypi.org/simple" }\n[[package]]\nname = "beta"\nversion = "2.0"\nsource = { git = "https://x.example/b" }\n'


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("requirements.txt", REQUIREMENTS, "alpha-lib beta gamma delta epsilon"),
        ("requirements/dev.txt", "alpha", "alpha"),
        ("dev-requirements.in", "alpha", "alpha"),
        ("pyproject.toml", PYPROJECT, "hatchling alpha beta gamma delta epsilon zeta eta theta"),
        ("setup.py", SETUP_PY, "alpha beta gamma"),
        ("setup.cfg", SETUP_CFG, "alpha beta gamma"),
        ("Pipfile", PIPFILE, "alpha beta gamma"),
        ("package.json", json.dumps(PACKAGE), "alpha @s/beta other delta epsilon"),
        ("go.mod", GO, "a.b/alpha a.b/beta a.b/gamma a.b/delta"),
        ("Cargo.toml", CARGO, "alpha real-beta own gamma delta"),
        ("composer.json", json.dumps(COMPOSER), "acme/alpha acme/beta"),
        ("pom.xml", POM, "a.b:alpha"),
        ("package-lock.json", json.dumps(LOCK), "alpha @s/beta"),
        ("yarn.lock", YARN, "@s/beta alpha"),
        ("pnpm-lock.yaml", PNPM, "alpha @s/beta"),
        ("uv.lock", UV, "alpha beta"),
    ],
)
def test_every_manifest_names_its_dependencies(path: str, text: str, names: str) -> None:
    """Each format is read with all of its sections, and nothing else is taken for a dependency."""
    found = read(path, text).dependencies
    assert {each.name for each in found} == set(names.split())
    rows = text.splitlines()
    assert all(1 <= each.line <= max(1, len(rows)) for each in found)


def test_lines_point_at_the_name() -> None:
    """A dependency's line is where its name stands."""
    rows = PYPROJECT.splitlines()
    for each in read("pyproject.toml", PYPROJECT).dependencies:
        assert each.spelled in rows[each.line - 1]


def test_a_literal_setup_is_known_and_a_computed_one_is_not() -> None:
    """A list that has to be computed is said to be, and is never run."""
    assert not read("setup.py", SETUP_PY).computed
    assert read("setup.py", "from setuptools import setup\nsetup(**make())\n").computed


def refused(name: str, text: str) -> None:
    """Read it, or see it refused by name."""
    problem = None
    try:
        read(name, text)
    except ManifestError as error:
        problem = error
    assert problem is None or problem.where == name


@settings(deadline=None)
@given(st.sampled_from(sorted({*PARSERS, *LOCKS, "requirements.txt", ".npmrc"})), st.text(max_size=200))
def test_any_text_is_read_or_refused(name: str, text: str) -> None:
    """No text makes a parser fail in a way that is not told."""
    assert parser_of(name) is not None
    refused(name, text)


@settings(deadline=None)
@given(
    st.sampled_from(["package.json", "composer.json", "package-lock.json", "Pipfile.lock", "composer.lock"]),
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["dependencies", "packages", "require", "overrides", "scripts", "a"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    ),
)
def test_any_json_is_read_or_refused(name: str, value: object) -> None:
    """Wrong types in any place of a JSON manifest are refused, not trusted."""
    refused(name, json.dumps(value))


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """A bomb of brackets is an error that names the file."""
    with pytest.raises(ManifestError, match=r"package\.json"):
        read("package.json", "[" * depth)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("MIT", Licence.PERMISSIVE),
        ("Apache-2.0 OR GPL-3.0-only", Licence.PERMISSIVE),
        ("Apache-2.0 AND GPL-3.0-only", Licence.STRONG),
        ("(MIT OR GPL-2.0) AND MPL-2.0", Licence.WEAK),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Licence.WEAK),
        ("LGPL-2.1+", Licence.WEAK),
        ("BSD License", Licence.PERMISSIVE),
        ("GNU Lesser General Public License v3 (LGPLv3)", Licence.WEAK),
        ("GNU Affero General Public License v3", Licence.STRONG),
        ("GPL v3", Licence.STRONG),
        ("Python Software Foundation License", Licence.PERMISSIVE),
        ("Mozilla Public License 2.0 (MPL 2.0)", Licence.WEAK),
        ("Permission is hereby granted, free of charge, to any person obtaining a copy", Licence.PERMISSIVE),
        ("BUSL-1.1", Licence.STRONG),
        ("UNLICENSED", Licence.UNKNOWN),
        ("Proprietary", Licence.UNKNOWN),
        ("Other/Proprietary License", Licence.UNKNOWN),
        ("LicenseRef-acme", Licence.UNKNOWN),
        ("MIT OR", Licence.PERMISSIVE),
        ("", Licence.UNKNOWN),
        ("(" * 1000, Licence.UNKNOWN),
    ],
)
def test_licences_have_a_class(text: str, licence: Licence) -> None:
    """SPDX expressions, classifiers and common texts are classed; the rest is unknown."""
    assert classify(text) is licence


@settings(deadline=None)
@given(st.text(max_size=100))
def test_any_text_has_a_class(text: str) -> None:
    """No licence text makes the classification fail."""
    assert classify(text) in Licence


@pytest.mark.parametrize("ecosystem", POPULAR)
def test_no_much_used_name_is_a_look_alike(ecosystem: Ecosystem) -> None:
    """Names of the list pass, whatever else the project uses."""
    names = POPULAR[ecosystem]
    assert [name for name in names if resembles(ecosystem, name, names)] == []


@settings(deadline=None)
@given(st.sampled_from(sorted(name for name in POPULAR[Ecosystem.PYPI] if len(name) > 5)), st.data())
def test_a_slip_of_the_finger_is_seen(name: str, data: st.DataObject) -> None:
    """Two letters swapped, one doubled or one left out make a look-alike, or another real name."""
    place = data.draw(st.integers(0, len(name) - 2))
    swapped = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    doubled = name[:place] + name[place] + name[place:]
    for slip in {swapped, doubled} - POPULAR[Ecosystem.PYPI] - REAL[Ecosystem.PYPI]:
        if "--" not in slip and not slip.startswith("-") and not slip.endswith("-"):
            assert resembles(Ecosystem.PYPI, slip, ())
