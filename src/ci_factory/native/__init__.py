"""A gate report as documents that GitLab and others show by themselves. Pure: values in, text out, same input same bytes."""
