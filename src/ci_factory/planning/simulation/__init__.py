"""A night, or a month of nights, replayed: stated distributions, an event queue, one seed. Pure."""
