"""Doubles of outside parties that carry messages: HTTP servers on the loopback interface, stateful and scriptable."""
