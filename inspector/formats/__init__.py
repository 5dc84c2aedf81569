"""One module per format: bytes to domain values. Runs in the reader process only; no TensorFlow, no Qt."""
