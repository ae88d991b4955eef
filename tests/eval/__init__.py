"""How good and how fast the enrichers are, measured on texts that nothing was learned from."""
