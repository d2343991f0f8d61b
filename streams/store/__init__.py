"""The room's tables and all SQL about them. Functions take a connection; nobody here commits."""
