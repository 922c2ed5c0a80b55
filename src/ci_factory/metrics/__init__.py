"""What it was worth: facts from forge and artifacts, figures, report, dashboard."""
