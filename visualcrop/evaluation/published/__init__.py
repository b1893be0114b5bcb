"""The tables of the FOCUS paper as files, and what can be worked out from them."""
