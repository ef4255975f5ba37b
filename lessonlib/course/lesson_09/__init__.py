"""Lesson 9, Continuous batching: the numbers and pictures that its words name."""
