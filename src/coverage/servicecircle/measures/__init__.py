"""Figures about stations and plans: what they serve, cost and lack."""
