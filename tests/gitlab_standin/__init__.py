"""A GitLab that behaves: its REST and GraphQL answers, its git over HTTP, its rules, in a process of its own.

Only for tests. `control.StandIn` starts it; the rest runs in the started process.
"""
