"""Licences, classified once: SPDX expressions (https://spdx.org/licenses/), PyPI classifiers and common free texts."""

import re
from enum import IntEnum


class Licence(IntEnum):
    """What a licence asks of whoever uses the code, least first."""

    PERMISSIVE = 0
    WEAK = 1
    """Changes to the library itself must stay open."""
    STRONG = 2
    """What is combined with it must be open as well."""
    UNKNOWN = 3


_PERMISSIVE = """
    0BSD AFL-2.1 AFL-3.0 Apache-1.1 Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause
    BSD-3-Clause-Clear BSD-4-Clause BSD-Source-Code BSL-1.0 CC0-1.0 CC-BY-3.0 CC-BY-4.0 CNRI-Python curl ECL-2.0 FSFAP FTL HPND HPND-sell-variant
    ICU ImageMagick ISC JSON libpng libpng-2.0 Libpng MIT MIT-0 MIT-CMU MIT-Modern-Variant MS-PL MulanPSL-2.0 NCSA NTP OFL-1.1 OpenSSL
    OLDAP-2.8 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 Ruby SGI-B-2.0 TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL
    X11 Xnet ZPL-2.1 ZPL-2.0 Zlib zlib-acknowledgement
"""
_WEAK = """
    APSL-2.0 CC-BY-SA-4.0 CDDL-1.0 CDDL-1.1 CPL-1.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 IPL-1.0 LGPL-2.0 LGPL-2.1 LGPL-3.0 MPL-1.0 MPL-1.1 MPL-2.0
    MPL-2.0-no-copyleft-exception MS-RL OSL-3.0 SPL-1.0 Artistic-1.0 Artistic-1.0-Perl CECILL-C ODbL-1.0
"""
_STRONG = """
    AGPL-1.0 AGPL-3.0 CECILL-2.0 CECILL-2.1 CPAL-1.0 GPL-1.0 GPL-2.0 GPL-3.0 Sleepycat SSPL-1.0 QPL-1.0 RPL-1.5 BUSL-1.1 Elastic-2.0
    CC-BY-NC-4.0 CC-BY-NC-SA-4.0 CC-BY-NC-ND-4.0 CC-BY-ND-4.0 PolyForm-Noncommercial-1.0.0 Parity-7.0.0
"""
SPDX: dict[str, Licence] = {
    **dict.fromkeys(_PERMISSIVE.lower().split(), Licence.PERMISSIVE),
    **dict.fromkeys(_WEAK.lower().split(), Licence.WEAK),
    **dict.fromkeys(_STRONG.lower().split(), Licence.STRONG),
}
"""By identifier in lower case, without `-only`, `-or-later` and `+`. Licences that restrict use count as strong."""

_TEXTS: tuple[tuple[str, str], ...] = (
    (r"affero|agpl", "AGPL-3.0"),
    (r"lesser general public|library general public|lgpl", "LGPL-3.0"),
    (r"general public licen[sc]e|\bgpl", "GPL-3.0"),
    (r"mozilla public|\bmpl\b", "MPL-2.0"),
    (r"eclipse public", "EPL-2.0"),
    (r"european union public", "EUPL-1.2"),
    (r"common development and distribution", "CDDL-1.0"),
    (r"apache", "Apache-2.0"),
    (r"python software foundation|\bpsf\b|^python software", "PSF-2.0"),
    (r"\bisc\b|isc license", "ISC"),
    (r"historical permission notice|\bhpnd\b", "HPND"),
    (r"academic free", "AFL-3.0"),
    (r"boost software", "BSL-1.0"),
    (r"zope public", "ZPL-2.1"),
    (r"the unlicense|\bunlicense\b(?!d)", "Unlicense"),
    (r"cc0|public domain", "CC0-1.0"),
    (r"zlib", "Zlib"),
    (r"\bbsd\b|redistribution and use in source and binary forms", "BSD-3-Clause"),
    (r"\bmit\b|permission is hereby granted, free of charge", "MIT"),
    (r"do what the f", "WTFPL"),
)
"""Free texts and classifiers, the more demanding first: a text that names two is judged by the stricter."""
_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")
_LINKING = {"classpath-exception-2.0", "gcc-exception-3.1", "gcc-exception-2.0", "llvm-exception", "openvpn-openssl-exception",
            "font-exception-2.0", "universal-foss-exception-1.0", "bison-exception-2.2", "autoconf-exception-3.0"}  # fmt: skip
_LONGEST = 20_000


def classify(text: str) -> Licence:
    """The class of an SPDX expression, a classifier or a licence's text; `UNKNOWN` for everything else."""
    plain = text.strip()[:_LONGEST]
    if not plain:
        return Licence.UNKNOWN
    try:
        return _Expression(plain).read()
    except ValueError:
        return _by_words(plain)


def identifiers(text: str) -> tuple[str, ...]:
    """Licence identifiers that an expression names, or the one that a text means."""
    found = [token for token in _TOKEN.findall(text[:_LONGEST]) if _simple(token) is not None]
    return tuple(found) or tuple(spdx for pattern, spdx in _TEXTS if re.search(pattern, text.lower()))[:1]


def _by_words(text: str) -> Licence:
    lower = " ".join(text.lower().split())
    found = next((spdx for pattern, spdx in _TEXTS if re.search(pattern, lower)), None)
    return SPDX[found.lower()] if found else Licence.UNKNOWN


def _simple(token: str) -> Licence | None:
    name = token.lower().removesuffix("+").removesuffix("-only").removesuffix("-or-later")
    return SPDX.get(name)


class _Expression:
    """SPDX licence expressions: OR leaves the choice, AND demands both, WITH adds an exception."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        if "".join(self._tokens) != re.sub(r"\s", "", text):
            raise ValueError(text)
        self._at = 0

    def read(self) -> Licence:
        found = self._alternatives(0)
        if self._at != len(self._tokens):
            raise ValueError(self._tokens[-1])
        return found

    def _next(self) -> str:
        return self._tokens[self._at].upper() if self._at < len(self._tokens) else ""

    def _alternatives(self, depth: int) -> Licence:
        found = self._together(depth)
        while self._next() == "OR":
            self._at += 1
            found = min(found, self._together(depth))
        return found

    def _together(self, depth: int) -> Licence:
        found = self._one(depth)
        while self._next() == "AND":
            self._at += 1
            found = max(found, self._one(depth))
        return found

    def _one(self, depth: int) -> Licence:
        token = self._next()
        if not token or depth > 20:  # noqa: PLR2004 - deeper than any licence was ever nested
            raise ValueError(token)
        self._at += 1
        if token == "(":  # noqa: S105 - a parenthesis, not a password
            found = self._alternatives(depth + 1)
            if self._next() != ")":
                raise ValueError(token)
            self._at += 1
            return found
        return self._named(token)

    def _named(self, token: str) -> Licence:
        found = _simple(token)
        if found is None:
            raise ValueError(token)
        if self._next() == "WITH":
            exception = self._tokens[self._at + 1].lower() if self._at + 1 < len(self._tokens) else ""
            self._at += 2
            return Licence.WEAK if found is Licence.STRONG and exception in _LINKING else found
        return found
