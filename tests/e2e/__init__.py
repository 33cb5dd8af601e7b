"""Tests of a booted Home Assistant: the demo's, in a process of its own."""
