"""The use cases: open, match, run, compare, find by value, save. State in one place, `session.Session`."""
