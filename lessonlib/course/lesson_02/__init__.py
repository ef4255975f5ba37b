"""Lesson 2, Arithmetic intensity: the numbers, plots and pictures that its words name."""
