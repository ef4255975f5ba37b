"""Lesson 7, Long context: the numbers, plots and pictures that its words name."""
