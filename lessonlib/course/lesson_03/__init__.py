"""Lesson 3, The roofline: the numbers, plots and pictures that its words name."""
