"""Lesson 10, The memory limit: the numbers, pictures and runs that its words name."""
