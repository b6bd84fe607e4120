"""The solver's loop: assume the residual over a step, carry the network through it, correct, accept.

    1. predict the residual's right end (value and slope) by the last step's polynomial;
    2. carry every group's rows through the step: two boosts each (commutator-free Magnus, order 4);
    3. compare the residual they give with the assumed one, correct by the tangent kernel, repeat;
    4. the defect |r computed - r assumed| in the middle decides on the step;
    5. find the neurons that cross a boundary, cut the step if they matter, and go on.

``loop`` repeats this, ``step_search`` finds the length of each step, ``termination`` says when to stop, and
``state`` is what goes from one step to the next. The step's polynomial is all that has to be remembered: the whole
trajectory of every neuron follows from it.
"""
