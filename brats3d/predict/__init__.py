"""From a prepared case to a mask: windows through a network, probabilities, label map, result."""
