"""Training: the loop, one step of it, its state on disk, and what it runs on."""
