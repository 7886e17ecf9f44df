"""Opens the doors on HTTP; never holds a rule and never commits inside the event loop."""
