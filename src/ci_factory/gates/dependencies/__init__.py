"""What a change does to the project's dependencies: manifests of both sides read, compared, and asked about."""
