"""Words that close issues: GitLab's default closing pattern."""

import re

_PATTERN = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?)(?::?) +"
    r"(?:(?:issues? +)?#(?P<first>\d+)(?P<more>(?:(?:, *| +and +|, *and +)#\d+)*))",
    re.IGNORECASE,
)
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def closed_issues(text: str) -> list[int]:
    """Iids of the issues that a description or commit message closes; code is no words."""
    found: list[int] = []
    for match in _PATTERN.finditer(_CODE.sub("", text)):
        found += [int(match["first"]), *map(int, re.findall(r"#(\d+)", match["more"]))]
    return list(dict.fromkeys(found))
