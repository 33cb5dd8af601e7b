"""What all tests share."""

# The plugin's own test folder has a package of this name: ours has to be the first.
import custom_components.ocpp_csms  # noqa: F401
