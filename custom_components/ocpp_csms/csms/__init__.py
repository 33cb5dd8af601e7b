"""An OCPP central system (CSMS) that knows nothing of Home Assistant."""
