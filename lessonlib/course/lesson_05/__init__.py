"""Lesson 5, Counting bytes: the numbers, plots and pictures that its words name."""
