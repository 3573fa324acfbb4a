"""Sets of examples: read, predicted, counted, selected, explained together. See ``engine.dataset_results`` for the answers."""
