"""One ticket, one agent: workspace, prompts, the C0-C3 loop, checkpoints, escalation."""
