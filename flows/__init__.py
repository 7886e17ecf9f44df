"""Opens the doors for Prefect, one thin flow per file; never holds a rule."""
