"""One loaded model in another form, written into the runner's spill: one module per form."""
