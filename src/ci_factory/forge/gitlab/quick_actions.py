"""A second wall against quick actions: GitLab carries out lines such as `/close` in texts that come by its API.

Publishing escapes them; a text that still has one is not sent.
"""

import re

from ci_factory.errors import ForgeError

# At least as eager as any version of GitLab: a command is a word at the start of a line, after three spaces at most,
# followed by a space or the end. The only code that all versions pass over lies between lines of exactly three backticks.
_CODE = re.compile(r"^```.+?\n```$", re.MULTILINE | re.DOTALL)
_ACTION = re.compile(r"^ {0,3}/(?P<name>[a-z_]+)(?=[ \t]|$)", re.MULTILINE | re.IGNORECASE)


def refused(text: str, where: str) -> str:
    """The text, if GitLab would carry out nothing of it.

    Raises:
        ForgeError: a line of it is a quick action.
    """
    found = _ACTION.search(_CODE.sub("", "\n".join(text.splitlines())))
    if found:
        raise ForgeError(
            f"a line of the text is the quick action /{found['name']}; it was not sent",
            where=where,
            fix="escape the slash at the start of the line",
        )
    return text
