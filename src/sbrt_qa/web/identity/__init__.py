"""Signing in by an identity service of a hospital or trial group: OpenID Connect 1.0."""
