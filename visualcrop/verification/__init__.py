"""Views and target -> how sure the model is."""
