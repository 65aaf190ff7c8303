"""Who asks through a program, what they may read, and how often: API keys, visitors, limits."""
