"""Proves the house: real SQLite, real PostgreSQL, no mock of our own code."""
