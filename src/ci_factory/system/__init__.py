"""Everything that has an effect: processes, git, files, CI variables, the clock."""
