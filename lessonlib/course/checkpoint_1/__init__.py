"""Checkpoint 1: what measured systems reach of their ceilings, and a forecast by hand."""
