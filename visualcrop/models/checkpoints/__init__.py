"""Checkpoints in the Hugging Face format: vetted as data, then opened; nothing in them is run."""
