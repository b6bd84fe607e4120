"""The stage ``data``: the data set, and what the paper assumes of it.

In comes the ``[data]`` table, or arrays of somebody's own; out goes the labelled dataset of points and labels with
the vectors D_+ and D_- and the answers to assumptions 1 and 2 (recorded, not enforced). Of networks it knows only
the teacher's, which labelled the data.
"""

from pipeline.data.arrays import data_set, held_out_arrays
from pipeline.data.generate import generate_data
from pipeline.data.teacher import teacher_network

__all__ = ["data_set", "generate_data", "held_out_arrays", "teacher_network"]
