"""Lesson 8, What users feel: the numbers, plots and pictures that its words name."""
