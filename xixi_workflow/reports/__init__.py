"""Writes a document (`core/document.py`) into a file: one module for each format, nothing computed, nothing asked."""
