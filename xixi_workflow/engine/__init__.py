"""Loads, asks the core, saves: handle, sweep, deliver; never holds a rule of its own."""
