"""Tagged text and scores for people to look at: colours, HTML."""
