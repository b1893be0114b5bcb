"""Views and target -> the model's confidence that the target is in each."""
