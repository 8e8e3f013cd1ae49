"""Resident model process of virnucpro-temporal."""
