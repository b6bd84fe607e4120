"""The three states of a point in a neuron's pattern; the same numbers stand in ``trajectory/activation``."""

OFF, ON, SLIDING = 1, 2, 3
