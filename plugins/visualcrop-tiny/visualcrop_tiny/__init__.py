"""Small models that really see, and the world that they know."""
