"""Measure a search: protocols, runs, metrics, statistics and tables."""
