"""Tests of what comes with the integration: manifest, translations, icons, images."""
