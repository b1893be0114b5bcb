"""View and target -> where to look."""
