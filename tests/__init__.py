"""Tests of the whole project; see README.md in this folder."""
