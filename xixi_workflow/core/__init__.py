"""Decides what may happen to a petition and when; never does I/O and never asks the time."""
