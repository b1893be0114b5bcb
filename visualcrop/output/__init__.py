"""The one way out for text: to terminals, CSV, Markdown, LaTeX, HTML and JSON."""
