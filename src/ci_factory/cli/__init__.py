"""The command line: parse, wire adapters, call the workflow, print, exit code. Nobody imports this."""
