"""Lesson 17, Mixture of experts: the numbers and pictures that its words name."""
