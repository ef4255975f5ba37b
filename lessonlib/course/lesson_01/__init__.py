"""Lesson 1, Prefill vs decode: the numbers, plots and pictures that its words name."""
