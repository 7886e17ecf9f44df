"""What changes between two policies, in words. `lines.diff` tells all of it."""
