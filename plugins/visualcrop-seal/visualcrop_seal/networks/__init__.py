"""SEAL's two models, with the parameters of their published checkpoints. Needs torch."""
