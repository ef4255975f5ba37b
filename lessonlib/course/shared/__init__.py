"""Workings, plots and pictures that several lessons name."""
