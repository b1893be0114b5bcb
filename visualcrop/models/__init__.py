"""Models that a search may ask."""
