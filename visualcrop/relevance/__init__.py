"""View and target -> a score for each part of the view."""
