"""How sure one may be of an accuracy, and of a difference between two."""
