"""Tests of the charging decisions."""
