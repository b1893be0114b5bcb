"""Trains and measures the tiny models. Part of the repository, not of the wheel."""
