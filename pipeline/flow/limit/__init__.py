"""The limit of small starts: the jump process that the flow tends to as lambda -> 0.

In come points and a start, of which the directions and signs matter alone; out goes the sequence of stationary
points (``process``), with the flow from each to the next (``fast_flow``), as labelled data (``labelled``). It
knows the extremal directions, the exact flow and the stationary points, and no lambda.
"""
