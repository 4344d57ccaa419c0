"""What `trialmq doctor` looks at: each check finds something and says it."""
