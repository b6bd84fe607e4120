"""How the kernels become machine code, and how Python goes on listening while they run."""
