"""The numbers that the words of each lesson name: pure functions of a Lab, one small file a lesson."""
