"""Alerts of monitoring become incident tickets: one for what fires, few when much fires at once."""
