"""The learned function h: its kinks and slopes in one dimension, the number of merged directions in any.

In come the labelled data, the trajectory and the clusters of its neurons; out goes h as the piecewise linear
function that it is. ``predict`` is its value anywhere. Knows nothing of how the trajectory was computed, nor of
phases.
"""

from pipeline.function.learned import learned_function
from pipeline.function.prediction import predict
from pipeline.function.teacher_distance import with_teacher_distance

__all__ = ["learned_function", "predict", "with_teacher_distance"]
