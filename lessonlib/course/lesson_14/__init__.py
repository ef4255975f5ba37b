"""Lesson 14, Quantization: the numbers and pictures that its words name."""
