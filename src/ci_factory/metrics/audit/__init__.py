"""The audit: for a line, a change or a ticket, who asked, who wrote, who judged, who approved, and what became of it."""
