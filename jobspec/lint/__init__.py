"""What is allowed and rarely meant: rules over valid jobs, their levels, and comments that ignore them."""
