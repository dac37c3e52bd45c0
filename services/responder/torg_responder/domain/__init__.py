"""The rules of replies: states, binding, signatures, checks, templates, and what follows from facts."""
