"""Sessions outlive whatever happens to the process, the network and the disk."""
