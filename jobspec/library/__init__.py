"""The library: jobs as values with behaviour, registries, workers, and plan and apply over them."""
