"""Forms: what a document says, as data, and how figures fill it. `fill.fill` makes a document of a form."""
