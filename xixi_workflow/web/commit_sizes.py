"""How many commands the desk committed together, for the metrics."""

from __future__ import annotations

import threading
from bisect import bisect_left
from typing import Final

#: Upper bounds of the histogram: commands in one transaction.
SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class CommitSizes:
    """Counts commits by size. Give `told` to the desk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(SIZES) + 1)
        self._sum = 0

    def told(self, size: int) -> None:
        """One more commit, of `size` commands."""
        with self._lock:
            self._counts[bisect_left(SIZES, size)] += 1
            self._sum += size

    def counts(self) -> tuple[list[int], int]:
        """Commits in each bucket (the last has no bound), and all commands."""
        with self._lock:
            return self._counts[:], self._sum
