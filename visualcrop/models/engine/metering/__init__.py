"""Counts the tokens, FLOPs, seconds and memory of forward passes."""
