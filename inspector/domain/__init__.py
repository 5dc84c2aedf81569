"""Frozen values that every room shares: what a model file, layer, match, difference and finding is. No I/O."""
