"""Ways to make a change look right that is not, found in the change itself (attacks 28-30, 33).

`gate` runs every detector of `detectors` over the changed Python files. A detector is a pure function from one `Module` to
remarks; it sees code, it never runs it.
"""
