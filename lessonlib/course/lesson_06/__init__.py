"""Lesson 6, The KV cache: the numbers, plots and pictures that its words name."""
