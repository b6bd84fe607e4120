"""The exact flow of networks whose patterns are as many as their neurons: preactivations and their Gram matrix.

Where almost every neuron has an activation pattern of its own, and crosses many boundaries, a step is a few
products of neurons x points x coordinates, a crossing one row of the Gram matrix, and none cuts a step. Read in
this order: ``network`` (the neurons), ``neuron`` (the boost of one of them, and one boundary), ``nearby`` (one of
them through an impulse, crossing by crossing), ``at_once`` (the same where the tolerance is coarse), ``sliding``
(at the boundaries of several points), ``release`` (from a boundary that begins to repel), ``turning`` (back from
one), ``sweep`` (all of them through a step), ``tangent`` (where labels are stiff), ``prediction`` (of the
residual), ``steps`` (the loop), ``accepting`` (from one step to the next), ``reading`` (the network at any time).
Data and starts come as :mod:`pipeline.flow.reduction` has them, at any scale; :mod:`pipeline.flow.choice` says
which flows are followed here.
"""
