"""Sentences and their tags: readers, the MSRA download, lint, windows, batches."""
