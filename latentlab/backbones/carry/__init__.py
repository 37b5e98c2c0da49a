"""Teaching the network that carries a generator's edits over to photographs: pairs with their truth, and the training."""
