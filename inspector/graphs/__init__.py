"""What a dataflow graph is, by names alone: its inputs and outputs, functions written out. Python 3.7, no imports.

The reader of a file, lifting and the runner all ask here, so that all of them mean the same tensors."""
