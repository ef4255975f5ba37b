"""Figures of Checkpoint 2."""
