"""Ways to tell whether an answer in words is right."""
