"""Question -> the things to look for."""
