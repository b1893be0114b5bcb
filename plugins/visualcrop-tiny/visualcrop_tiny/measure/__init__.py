"""Measures a model on needles: `python -m visualcrop_tiny.measure -m tiny`."""
