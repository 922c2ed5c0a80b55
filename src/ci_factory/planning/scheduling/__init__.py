"""Resource-constrained project scheduling: what may run when, on what. Pure, and knows nothing of tickets."""
