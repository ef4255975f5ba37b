"""Lesson 16, Tensor parallelism: the numbers and pictures that its words name."""
