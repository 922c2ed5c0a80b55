"""Who works on which ticket: one small module per policy, behind one protocol."""
