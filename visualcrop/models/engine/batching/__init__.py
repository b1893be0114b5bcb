"""Which prompts share a forward pass, and how they are laid out in it."""
