"""Tests of albert.hub."""
