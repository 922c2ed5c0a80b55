"""The parts of the page that are more than a template: geometry of charts, and what the script of the filters shows."""
