"""How anything learns here: phases, a trainer, runs that survive `kill -9`; knows no model."""
