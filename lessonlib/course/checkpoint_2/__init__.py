"""Checkpoint 2: settings of a server, chosen in order, and judged by a simulated run."""
