"""Loop nests with static shapes, explicit vectors and register tiles."""
