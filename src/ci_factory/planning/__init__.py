"""Dependencies, overlaps, lanes, order and capacity: which ticket when, by whom, on which base. Pure."""
