"""The petition workflow and SLA engine of a sub-district command centre."""

__version__ = "0.1.0"
