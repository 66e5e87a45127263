"""Words for the lattice LSTM: where a lexicon comes from, how its words are found in text, and their vectors."""
