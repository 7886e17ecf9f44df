"""Keeps the processes of one running service alive: the clock, the web, the Prefect server, the flows."""
