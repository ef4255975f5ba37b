"""Lesson 15, Speculative decoding: the numbers and pictures that its words name."""
