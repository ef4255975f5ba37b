"""Figures of Checkpoint 1."""
