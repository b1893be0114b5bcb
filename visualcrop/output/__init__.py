"""Writing text to terminals, CSV, Markdown, LaTeX, HTML and JSON; nothing else prints."""
