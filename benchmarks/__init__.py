"""Measurements, as ratios against something real taken in the same run. They assert nothing."""
