"""SEAL's two models, with the parameters of their published checkpoints. All of it needs torch."""
