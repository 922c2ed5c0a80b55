"""From a judged change to a branch, a merge request and a note: the only writer to a forge."""
