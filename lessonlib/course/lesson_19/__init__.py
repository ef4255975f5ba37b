"""Lesson 19: autoscaling."""
