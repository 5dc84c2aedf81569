"""Charts of the window: the only place that knows the plotting library."""
