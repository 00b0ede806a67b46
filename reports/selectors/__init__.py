"""Figures across all rooms: read from the rows when they are asked for, written nowhere."""
