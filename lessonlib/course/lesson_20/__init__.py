"""Lesson 20, Disaggregation: the numbers and pictures that its words name."""
