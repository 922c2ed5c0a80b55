"""Who looks at what first, and by when. Pure."""
