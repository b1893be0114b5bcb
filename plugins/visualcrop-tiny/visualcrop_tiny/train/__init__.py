"""Trains the tiny models: `python -m visualcrop_tiny.train CONFIG.toml`."""
