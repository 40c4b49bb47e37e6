"""What a published file holds, and how the next one is made from it by what changed."""
