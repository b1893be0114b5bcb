"""Runs a whole table of the paper: its format, its plan, what is missing for it, its runs."""
