"""Ways to spread questions over threads, processes and machines."""
