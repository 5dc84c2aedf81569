"""Convert in the window: what is wanted, what would be lost, how far it is, what was proved."""
