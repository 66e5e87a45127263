"""From texts to arrays of ids, in batches."""
