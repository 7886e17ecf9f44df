"""Remembers, and is the only room that knows SQL; never decides."""
