"""The exact flow of many points and few neurons: Gauss collocation in the weights, crossings inside the steps.

Where points are many and neurons few no two points matter alone, and nothing here has the size points x points: a
step is a few products of neurons x points x coordinates. Read in this order: ``tableau`` (the Gauss method),
``network`` (the neurons through a step), ``pairs`` (one neuron at one point), ``residual`` and ``sweep`` (the
force of all points), ``rough`` (the same at coarse tolerances), ``corners`` and ``sliding`` (what crossings do to
the path within the step), ``steps`` (the loop), ``reading`` (the network at any instant); ``follow`` is what
Python calls. Plain floats: the starts of 1e-1000 are the grouped path's (:mod:`pipeline.flow.exact`), and
:mod:`pipeline.flow.choice` says which of the two follows a flow.
"""
