"""How our own networks are taught: generators, encoders, transfer to new domains."""
