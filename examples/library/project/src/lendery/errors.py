"""What can go wrong at the desk; the command line prints the message and ends with status 1."""


class LenderyError(Exception):
    """A sentence for the person at the desk."""


class NotFoundError(LenderyError):
    """There is no such book, member or loan."""


class RefusedError(LenderyError):
    """The library's rules do not allow it."""
