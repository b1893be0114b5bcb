"""What forward passes cost, counted where it happens."""
