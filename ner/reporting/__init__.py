"""What a run leaves for people to look at: tables, curves, and the record of how it was made."""
