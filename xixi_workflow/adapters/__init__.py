"""Speaks to one outside party per file; never decides and never touches the database."""
