"""Checkpoints in Hugging Face's format: validated as data, then loaded; their code never runs."""
