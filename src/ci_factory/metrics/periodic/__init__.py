"""The report of a week or a month."""
