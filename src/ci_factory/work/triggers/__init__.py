"""What in a ticket, a plan or a change is a person's to decide (SPEC 6). Pure but for `reading`."""
