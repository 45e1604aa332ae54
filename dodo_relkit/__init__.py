"""OTP releases as doit tasks."""

__version__ = "0.1.0"
