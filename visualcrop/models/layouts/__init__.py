"""Where the tokens of an image lie: pure functions from its size to cells."""
