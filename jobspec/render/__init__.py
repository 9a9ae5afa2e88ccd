"""Values to text: for people, programs and review tools."""
