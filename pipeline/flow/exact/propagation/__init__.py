"""How neurons move while their activation pattern stays: boosts, and the residual that drives them."""
