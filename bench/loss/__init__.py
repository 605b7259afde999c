"""The fault harness: the same programs, faults and server for our packages and the originals. See README.md."""
