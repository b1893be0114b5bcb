"""Question and findings -> answer."""
