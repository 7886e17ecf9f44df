"""Our own processes killed on purpose, and several of them on one database."""
