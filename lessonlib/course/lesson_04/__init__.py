"""Lesson 4, Counting FLOPs: the numbers, plots and pictures that its words name."""
