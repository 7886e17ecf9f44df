"""A world in simulated time: citizens file, teams work, leaders are told. It uses the engine as any door does."""
