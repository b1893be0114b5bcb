"""Running a decoder with eyes: prompts written, read once, packed, and looked into."""
