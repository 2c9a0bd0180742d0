"""From recorded programs to native code."""
