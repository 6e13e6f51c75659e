"""The nodes that graph files name: thin layers over the packages beside this one."""
