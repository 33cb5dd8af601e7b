"""The journal: sessions on disk before they are acknowledged, in SQLite."""
