"""Figures of Checkpoint 3."""
