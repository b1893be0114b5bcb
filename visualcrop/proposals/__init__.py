"""Relevance map -> boxes worth a look."""
