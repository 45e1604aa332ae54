"""Appups: generated from two versions of an application, checked, transformed."""
