"""Lesson 0, Start here: the numbers, plots and pictures that its words name."""
