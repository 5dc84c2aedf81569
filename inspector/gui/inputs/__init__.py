"""The input bar: what is fed, how each side prepares it, and what each side really receives."""
