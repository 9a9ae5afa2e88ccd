"""A small shop whose jobs `specs/` describes: orders come in, stock runs low, reports are due."""
