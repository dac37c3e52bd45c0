"""Pure rules of the journal: frozen values in, values out, time as an argument."""
