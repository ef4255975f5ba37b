"""Lesson 11, The compute limit, and the case of the 30x: the numbers, plots and pictures that its words name."""
