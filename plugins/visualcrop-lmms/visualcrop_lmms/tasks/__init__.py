"""A task of lmms-eval for folders that `visualcrop data import` writes."""
