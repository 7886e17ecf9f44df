"""Benchmarks: our engine beside the raw floor of the same database, in one run.

``python -m tests.bench lifecycle --database sqlite`` alternates the two, takes the median of the
rounds and prints ours, floor and ratio, for the wall rate and for the CPU per petition. CPU comes
first when reading: on a shared machine the wall rate of the same code swings by a factor of four.

The floor moves rows and does nothing else: it judges nothing, hashes nothing, renders nothing.
It is there to say what the database itself can do with the same number of rows.
"""
