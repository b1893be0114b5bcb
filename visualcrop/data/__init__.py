"""Datasets in files, each in the format in which it is shipped, and the form common to all."""
