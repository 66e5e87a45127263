"""Tests of an install without TensorFlow: they import nothing of it, and `make light` runs them in such an environment."""
