"""Cases: found under folders, read and proven whole, checked."""
