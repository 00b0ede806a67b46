"""Who may open what: the allowed cells of the access matrix, written by hand, one module per room."""
