"""Lesson 12, Chunked prefill: the numbers and pictures that its words name."""
