"""Running jobs: import paths, workers."""
