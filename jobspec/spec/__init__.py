"""Text to job specs; knows no Temporal."""
