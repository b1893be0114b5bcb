"""SEAL's two models, as their published weights have them. Importing one imports torch."""
