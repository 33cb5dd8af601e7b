"""What the central system and the integration cost, against a bare echo server."""
