"""Crystal structures as pages show them: atoms of a cell, a drawing, a powder pattern for any radiation."""
