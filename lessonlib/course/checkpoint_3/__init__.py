"""Checkpoint 3: fleets, chosen in order, and judged by a simulated run."""
