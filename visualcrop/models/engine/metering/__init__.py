"""What a forward pass costs, counted where it happens."""
